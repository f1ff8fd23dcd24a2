// Where one writes: Enter sends, Shift+Enter starts a new line, the box grows with its text.
import { h, icon, kIcons } from './dom';

export interface ComposerActions {
  send(text: string): void;
  wrote(text: string): void;
}

export class Composer {
  readonly element: HTMLFormElement;
  private readonly input_: HTMLTextAreaElement;
  private readonly button_: HTMLButtonElement;

  constructor(room: string, actions: ComposerActions) {
    this.input_ = h('textarea', {
      id: 'message',
      rows: 1,
      placeholder: `Message #${room}`,
      autocomplete: 'off',
      enterkeyhint: 'send',
      'aria-describedby': 'composer-hint',
    });
    this.button_ = h(
      'button',
      { class: 'send', type: 'submit', 'aria-label': 'Send', disabled: true },
      icon(kIcons.send),
    );
    this.element = h(
      'form',
      { class: 'composer' },
      h('label', { class: 'hidden', for: 'message' }, `Message to ${room}`),
      h('div', { class: 'composer-box' }, this.input_, this.button_),
      h(
        'p',
        { class: 'hint', id: 'composer-hint' },
        'Enter sends, Shift + Enter starts a new line',
      ),
    );
    const submit = (): void => {
      const text = this.input_.value.replace(/\s+$/u, '');
      if (text.trim() === '') return;
      this.input_.value = '';
      this.fit();
      actions.send(text);
    };
    this.element.addEventListener('submit', (event) => {
      event.preventDefault();
      submit();
      this.input_.focus();
    });
    this.input_.addEventListener('input', () => {
      this.fit();
      actions.wrote(this.input_.value);
    });
    this.input_.addEventListener('keydown', (event) => {
      // While an input method composes, Enter belongs to it.
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      submit();
    });
  }

  focus(): void {
    this.input_.focus();
  }

  private fit(): void {
    this.button_.disabled = this.input_.value.trim() === '';
    this.input_.style.height = 'auto';
    this.input_.style.height = `${this.input_.scrollHeight}px`;
  }
}
