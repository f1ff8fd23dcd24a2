// Who is here, and the other rooms one could go to.
import type { Member, RoomSummary } from '../history';
import { hue_of, initials } from '../names';
import { avatar, h, icon, kIcons, set_text } from './dom';

export class People {
  readonly element: HTMLElement;
  readonly close: HTMLButtonElement;
  private readonly title_ = h('h2', { id: 'people-title' }, 'Here now');
  private readonly members_ = h('ul', { class: 'members', 'aria-labelledby': 'people-title' });
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
      this.roomsTitle_,
      this.rooms_,
    );
  }

  show_members(members: readonly Member[], self: string): void {
    set_text(this.title_, members.length === 0 ? 'Here now' : `Here now · ${members.length}`);
    this.members_.replaceChildren(
      ...members.map((member) =>
        h(
          'li',
          { class: 'member' },
          avatar(initials(member.user), hue_of(member.user)),
          h('span', { class: 'member-name' }, member.user),
          member.user === self ? h('span', { class: 'tag' }, 'you') : null,
          member.user !== self && member.sessions > 1
            ? h('span', { class: 'tag' }, `×${member.sessions}`)
            : null,
        ),
      ),
    );
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
