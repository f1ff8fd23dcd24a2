// The door: a name, a room, and a passcode where one is needed.
import type { RoomSummary } from '../history';
import { is_token, type Identity } from '../identity';
import { room_from_title, room_problem, user_problem } from '../names';
import { sentence } from '../text';
import { h } from './dom';

export interface JoinDefaults {
  readonly user: string;
  readonly room: string;
  readonly passcode: string;
  /** The server wants one. */
  readonly asksPasscode?: boolean;
  /** Why the server refused the user, or the user this room. */
  readonly loginProblem?: string;
  readonly roomProblem?: string;
}

export class JoinView {
  readonly element: HTMLElement;
  private readonly user_: HTMLInputElement;
  private readonly room_: HTMLInputElement;
  private readonly userProblem_ = h('p', { class: 'problem', id: 'user-problem', role: 'alert' });
  private readonly roomProblem_ = h('p', { class: 'problem', id: 'room-problem', role: 'alert' });
  private readonly passcode_: HTMLInputElement;
  private readonly passcodeProblem_ = h('p', {
    class: 'problem',
    id: 'passcode-problem',
    role: 'alert',
  });
  private readonly passcodePart_: HTMLElement;
  private readonly askPasscode_ = h(
    'button',
    { type: 'button', class: 'text-button', 'aria-controls': 'passcode-part' },
    'I have a passcode or a token',
  );
  private readonly rooms_ = h('div', { class: 'suggestions', hidden: true });

  constructor(
    defaults: JoinDefaults,
    private readonly join_: (identity: Identity, room: string) => void,
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
    this.passcode_ = h('input', {
      id: 'passcode',
      name: 'passcode',
      type: 'password',
      autocomplete: 'current-password',
      value: defaults.passcode,
      'aria-describedby': 'passcode-problem',
    });
    this.passcodePart_ = h(
      'div',
      { id: 'passcode-part', class: 'passcode-part' },
      h('label', { for: 'passcode' }, 'Passcode or token'),
      this.passcode_,
      this.passcodeProblem_,
    );
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
      this.passcodePart_,
      h('label', { for: 'room' }, 'Room'),
      this.room_,
      this.roomProblem_,
      this.rooms_,
      h('button', { type: 'submit', class: 'primary' }, 'Join'),
      this.askPasscode_,
    );
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.submit();
    });
    this.askPasscode_.addEventListener('click', () => {
      this.ask_passcode(true);
      this.passcode_.focus();
    });
    this.element = h('main', { class: 'join' }, form);
    this.show_refusal(defaults);
  }

  focus(): void {
    if (this.user_.value === '') this.user_.focus();
    else if (!this.passcodePart_.hidden) this.passcode_.focus();
    else this.room_.focus();
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

  private show_refusal({ passcode, asksPasscode, loginProblem, roomProblem }: JoinDefaults): void {
    this.ask_passcode(asksPasscode === true || passcode !== '');
    if (loginProblem) {
      // Who has not given one yet has done nothing wrong.
      const words = passcode === '' ? 'A passcode is needed here' : loginProblem;
      show_problem(this.passcode_, this.passcodeProblem_, sentence(words));
    }
    if (roomProblem) show_problem(this.room_, this.roomProblem_, sentence(roomProblem));
  }

  private ask_passcode(yes: boolean): void {
    this.passcodePart_.hidden = !yes;
    this.askPasscode_.hidden = yes;
  }

  /** As typed, but a pasted token without the spaces around it. */
  private passcode(): string {
    const typed = this.passcode_.value;
    return is_token(typed.trim()) ? typed.trim() : typed;
  }

  private submit(): void {
    const user = this.user_.value.trim();
    const room = room_from_title(this.room_.value);
    const userFine = show_problem(this.user_, this.userProblem_, user_problem(user));
    const roomFine = show_problem(this.room_, this.roomProblem_, room_problem(room));
    if (!userFine) this.user_.focus();
    else if (!roomFine) this.room_.focus();
    else this.join_({ user, passcode: this.passcode() }, room);
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
