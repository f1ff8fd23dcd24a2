// One row of the list as elements. A row's text never changes, so an update touches classes and
// the small print only: a selection in a message survives what arrives after it.
import { day_label, full_time, time_of_day } from '../dates';
import { hue_of, initials } from '../names';
import type { Gap } from '../history_sync';
import type { MessageRow, Row } from '../rows';
import { is_emoji_only, pieces_of } from '../text';
import { avatar, h, set_text } from './dom';

export interface RowActions {
  retry(ref: string): void;
  discard(ref: string): void;
  /** Asks again for what is missing. */
  look_again(gap: Gap): void;
}

/** A longer text is cut until somebody wants to see it: laying it out takes seconds. */
const kMostShown = 2_000;

export interface RowView {
  readonly element: HTMLElement;
  update(row: Row): void;
}

export function row_view(row: Row, room: string, actions: RowActions): RowView {
  switch (row.kind) {
    case 'message':
      return message_view(row, actions);
    case 'day':
      return day_view(row.timestamp);
    case 'unread':
      return still(h('div', { class: 'row rule unread', role: 'separator' }, h('span', {}, 'New')));
    case 'gap':
      return gap_view(row.gap, actions);
    case 'beginning':
      return still(beginning(room));
  }
}

function still(element: HTMLElement): RowView {
  return { element, update: () => {} };
}

function day_view(timestamp: number): RowView {
  const label = h('span');
  const refresh = (): void => set_text(label, day_label(timestamp, Date.now()));
  refresh();
  return { element: h('div', { class: 'row rule', role: 'separator' }, label), update: refresh };
}

/** A note and no separator: what is in a separator is not there for a screen reader. */
function gap_view(gap: Gap, actions: RowActions): RowView {
  const element = h('div', { class: 'row rule gap', role: 'note' });
  const again = button('Look again', () => actions.look_again(gap));
  let shown: Gap['state'] | null = null;
  const update = (row: Row): void => {
    if (row.kind !== 'gap' || row.gap.state === shown) return;
    shown = row.gap.state;
    const missing = shown === 'missing';
    const words = missing ? 'Messages are missing here. ' : 'Looking for missing messages…';
    element.replaceChildren(h('span', {}, words, missing ? again : null));
  };
  update({ kind: 'gap', key: '', gap });
  return { element, update };
}

function beginning(room: string): HTMLElement {
  return h(
    'div',
    { class: 'row beginning' },
    h('h2', {}, `# ${room}`),
    h('p', {}, 'This is where the room begins. Messages are kept for those who come later.'),
  );
}

function message_view(row: MessageRow, actions: RowActions): RowView {
  const small = h('footer', { class: 'small' });
  const element = h(
    'article',
    { 'aria-label': `${row.sender}, ${full_time(row.timestamp)}`, 'data-hue': hue_of(row.sender) },
    row.own ? null : avatar(initials(row.sender), hue_of(row.sender)),
    h('div', { class: 'stack' }, byline(row), bubble(row), small),
  );
  let shown = '';
  const update = (next: Row): void => {
    if (next.kind !== 'message') return;
    element.className = classes_of(next);
    const state = `${next.state} ${next.last} ${next.reason}`;
    if (state === shown) return;
    shown = state;
    small.replaceChildren(...small_print(next, actions));
  };
  update(row);
  return { element, update };
}

function classes_of(row: MessageRow): string {
  const names = ['row', 'message', row.own ? 'own' : 'other', `is-${row.state}`];
  if (row.first) names.push('first');
  if (row.last) names.push('last');
  return names.join(' ');
}

function byline(row: MessageRow): HTMLElement | null {
  if (row.own) return null;
  return h(
    'header',
    { class: 'byline' },
    h('span', { class: 'sender' }, row.sender),
    h('time', { datetime: new Date(row.timestamp).toISOString() }, time_of_day(row.timestamp)),
  );
}

function bubble(row: MessageRow): HTMLElement {
  if (row.binaryBytes > 0) {
    const size = row.binaryBytes.toLocaleString('en');
    return h('p', { class: 'bubble aside' }, `Binary message, ${size} bytes`);
  }
  if (row.body === '') return h('p', { class: 'bubble aside' }, 'Empty message');
  const large = is_emoji_only(row.body) ? ' large' : '';
  const text = h('p', { class: `bubble${large}`, dir: 'auto', title: full_time(row.timestamp) });
  if (row.body.length <= kMostShown) {
    text.append(...nodes_of(row.body));
    return text;
  }
  const size = row.body.length.toLocaleString('en');
  const more = button(`Show all ${size} characters`, () =>
    text.replaceChildren(...nodes_of(row.body)),
  );
  text.append(...nodes_of(`${row.body.slice(0, kMostShown)}… `), more);
  return text;
}

function nodes_of(text: string): Array<Node | string> {
  return pieces_of(text).map((piece) =>
    piece.href === undefined ? piece.text : link(piece.text, piece.href),
  );
}

function link(text: string, href: string): HTMLElement {
  return h('a', { href, target: '_blank', rel: 'noopener noreferrer nofollow ugc' }, text);
}

function small_print(row: MessageRow, actions: RowActions): Array<Node | string> {
  switch (row.state) {
    case 'waiting':
      return ['Waiting for the connection…'];
    case 'sending':
      return ['Sending…'];
    case 'failed':
      return [
        h('span', { class: 'failure' }, row.reason),
        ' ',
        button('Try again', () => actions.retry(row.ref)),
        ' ',
        button('Discard', () => actions.discard(row.ref)),
      ];
    case 'sent':
    case 'stored':
      return row.own && row.last ? [`${time_of_day(row.timestamp)} · Sent`] : [];
  }
}

function button(label: string, run: () => void): HTMLButtonElement {
  const element = h('button', { type: 'button', class: 'text-button' }, label);
  element.addEventListener('click', run);
  return element;
}
