// What is remembered between visits: the room in the address, the name in this browser. The name of
// a tab wins over the browser's, so that two windows can be two people.

const kNameKey = 'stampede.name';

export function room_of(location: Location): string {
  const query = new URLSearchParams(location.search).get('room');
  return query ?? decode(location.hash.replace(/^#(?:room=)?/u, ''));
}

export function address_of(room: string): string {
  return room === '' ? '.' : `?room=${encodeURIComponent(room)}`;
}

/** The name of this tab: joined with before, so a reload goes straight in. */
export function tab_name(): string {
  return read(() => sessionStorage.getItem(kNameKey));
}

export function last_name(): string {
  return tab_name() || read(() => localStorage.getItem(kNameKey));
}

export function remember_name(name: string): void {
  read(() => {
    sessionStorage.setItem(kNameKey, name);
    localStorage.setItem(kNameKey, name);
    return '';
  });
}

/** Storage may be forbidden; then nothing is remembered. */
function read(get: () => string | null): string {
  try {
    return get() ?? '';
  } catch {
    return '';
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
