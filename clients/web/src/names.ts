// What the server accepts as a name of a room and of a user, said before it has to refuse it.

const kMaxBytes = 200;
const kEncoder = new TextEncoder();

/** Why `room` is no room name, or null when it is one. */
export function room_problem(room: string): string | null {
  if (room === '') return 'Give the room a name.';
  const wrong = /[^A-Za-z0-9._:-]/u.exec(room);
  if (wrong !== null) {
    const what = /\s/u.test(wrong[0]) ? 'a space' : `“${wrong[0]}”`;
    return `A room name cannot contain ${what}; letters, digits and . _ : - are fine.`;
  }
  if (room.length > kMaxBytes) return `A room name has at most ${kMaxBytes} characters.`;
  return null;
}

/** Why `name` is no user name, or null when it is one. */
export function user_problem(name: string): string | null {
  if (name === '') return 'Tell the others who you are.';
  if (/[\u0000-\u001f\u007f]/u.test(name)) return 'A name cannot contain control characters.';
  if (kEncoder.encode(name).length > kMaxBytes) return `A name has at most ${kMaxBytes} bytes.`;
  return null;
}

/** "Release party" becomes "release-party": what people type is usually a title. */
export function room_from_title(title: string): string {
  return title.trim().replace(/^#/u, '').trim().replace(/\s+/gu, '-');
}

/** One or two letters that stand for a user. */
export function initials(name: string): string {
  const words = name.split(/[\s._-]+/u).filter((word) => word !== '');
  const letters = words.slice(0, 2).map((word) => [...word][0] ?? '');
  return letters.join('').toLocaleUpperCase() || '?';
}

export const kHues = 12;

/** The same colour for a user on every page (FNV-1a over the name). */
export function hue_of(name: string): number {
  let hash = 0x811c9dc5;
  for (const byte of kEncoder.encode(name)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return ((hash ^ (hash >>> 15)) >>> 0) % kHues;
}
