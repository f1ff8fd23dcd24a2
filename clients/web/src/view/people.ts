// Who is here, and the other rooms one could go to.
import type { Member } from 'stampede-client';
import type { RoomSummary } from '../history';
import { hue_of, initials } from '../names';
import type { Company } from '../room_session';
import { avatar, h, icon, kIcons, set_text } from './dom';

export class People {
  readonly element: HTMLElement;
  readonly close: HTMLButtonElement;
  private readonly title_ = h('h2', { id: 'people-title' }, 'Here now');
  private readonly members_ = h('ul', { class: 'members', 'aria-labelledby': 'people-title' });
  private readonly note_ = h('p', { class: 'note', hidden: true });
  private readonly roomsTitle_ = h('h2', { id: 'rooms-title', hidden: true }, 'Other rooms');
  private readonly rooms_ = h('ul', { class: 'rooms', 'aria-labelledby': 'rooms-title' });

  constructor(private readonly go_: (room: string) => void) {
    this.close = h(
      'button',
      { type: 'button', class: 'icon-button only-narrow', 'aria-label': 'Close' },
      icon(kIcons.close),
    );
    this.element = h(
      'aside',
      { class: 'people', id: 'people', 'aria-label': 'People and rooms' },
      h('div', { class: 'people-head' }, this.title_, this.close),
      this.members_,
      this.note_,
      this.roomsTitle_,
      this.rooms_,
    );
  }

  show_company({ count, members }: Company, self: string): void {
    set_text(this.title_, count === null ? 'Here now' : `Here now · ${count.toLocaleString('en')}`);
    this.members_.replaceChildren(...(members ?? []).map((member) => member_item(member, self)));
    set_text(this.note_, count === null ? 'You may not see who is here.' : 'Too many to name them.');
    this.note_.hidden = members !== null;
  }

  show_rooms(rooms: readonly RoomSummary[]): void {
    this.roomsTitle_.hidden = rooms.length === 0;
    this.rooms_.replaceChildren(
      ...rooms.map(({ room, members }) => {
        const link = h(
          'a',
          { href: `?room=${encodeURIComponent(room)}`, class: 'room-link' },
          h('span', { class: 'room-name' }, `# ${room}`),
          h('span', { class: 'count', 'aria-label': `${members} here` }, String(members)),
        );
        link.addEventListener('click', (event) => {
          if (event.ctrlKey || event.metaKey || event.shiftKey) return;
          event.preventDefault();
          this.go_(room);
        });
        return h('li', {}, link);
      }),
    );
  }
}

function member_item({ user, sessions }: Member, self: string): HTMLElement {
  return h(
    'li',
    { class: 'member' },
    avatar(initials(user), hue_of(user)),
    h('span', { class: 'member-name' }, user),
    user === self ? h('span', { class: 'tag' }, 'you') : null,
    user !== self && sessions > 1 ? h('span', { class: 'tag' }, `×${sessions}`) : null,
  );
}
