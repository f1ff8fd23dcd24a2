// The door: a name and a room.
import type { RoomSummary } from '../history';
import { room_from_title, room_problem, user_problem } from '../names';
import { h } from './dom';

export interface JoinDefaults {
  readonly user: string;
  readonly room: string;
}

export class JoinView {
  readonly element: HTMLElement;
  private readonly user_: HTMLInputElement;
  private readonly room_: HTMLInputElement;
  private readonly userProblem_ = h('p', { class: 'problem', id: 'user-problem', role: 'alert' });
  private readonly roomProblem_ = h('p', { class: 'problem', id: 'room-problem', role: 'alert' });
  private readonly rooms_ = h('div', { class: 'suggestions', hidden: true });

  constructor(
    defaults: JoinDefaults,
    private readonly join_: (user: string, room: string) => void,
  ) {
    this.user_ = h('input', {
      id: 'user',
      name: 'user',
      autocomplete: 'nickname',
      maxlength: 60,
      value: defaults.user,
      'aria-describedby': 'user-problem',
      spellcheck: 'false',
    });
    this.room_ = h('input', {
      id: 'room',
      name: 'room',
      autocomplete: 'off',
      autocapitalize: 'none',
      maxlength: 200,
      value: defaults.room,
      'aria-describedby': 'room-problem',
      spellcheck: 'false',
    });
    const form = h(
      'form',
      { class: 'card', novalidate: true },
      h('img', { src: 'icon.svg', alt: '', width: 56, height: 56 }),
      h('h1', {}, 'Stampede'),
      h(
        'p',
        { class: 'lead' },
        'Pick a name, walk into a room. Everyone who is there sees you come in.',
      ),
      h('label', { for: 'user' }, 'Your name'),
      this.user_,
      this.userProblem_,
      h('label', { for: 'room' }, 'Room'),
      this.room_,
      this.roomProblem_,
      this.rooms_,
      h('button', { type: 'submit', class: 'primary' }, 'Join'),
    );
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.submit();
    });
    this.element = h('main', { class: 'join' }, form);
  }

  focus(): void {
    (this.user_.value === '' ? this.user_ : this.room_).focus();
  }

  /** Rooms that have people in them now. */
  suggest(rooms: readonly RoomSummary[]): void {
    this.rooms_.hidden = rooms.length === 0;
    this.rooms_.replaceChildren(
      h('span', { class: 'suggestions-title' }, 'Busy now'),
      ...rooms.map(({ room, members }) => {
        const label = `${room}, ${members} here`;
        const chip = h(
          'button',
          { type: 'button', class: 'chip', 'aria-label': label },
          h('span', { class: 'room-name' }, `# ${room}`),
          h('span', { class: 'count' }, String(members)),
        );
        chip.addEventListener('click', () => {
          this.room_.value = room;
          this.submit();
        });
        return chip;
      }),
    );
  }

  private submit(): void {
    const user = this.user_.value.trim();
    const room = room_from_title(this.room_.value);
    const userFine = show_problem(this.user_, this.userProblem_, user_problem(user));
    const roomFine = show_problem(this.room_, this.roomProblem_, room_problem(room));
    if (!userFine) this.user_.focus();
    else if (!roomFine) this.room_.focus();
    else this.join_(user, room);
  }
}

function show_problem(
  input: HTMLInputElement,
  place: HTMLElement,
  problem: string | null,
): boolean {
  place.textContent = problem ?? '';
  input.setAttribute('aria-invalid', String(problem !== null));
  return problem === null;
}
