// How things stand, always in sight: a word in the header, and a line of its own when something is
// not as it should be.
import type { ConnectionState } from '../connection';
import type { SyncStatus } from '../history_sync';
import { sentence } from '../text';
import { h, set_text } from './dom';

export interface Standing {
  readonly connection: ConnectionState;
  readonly history: SyncStatus;
}

export class ConnectionView {
  readonly badge: HTMLElement;
  readonly notice: HTMLElement;
  private readonly word_ = h('span');
  private readonly text_ = h('span');
  private readonly retry_: HTMLButtonElement;

  constructor(retry: () => void) {
    this.badge = h(
      'span',
      { class: 'badge', role: 'status' },
      h('span', { class: 'dot', 'aria-hidden': 'true' }),
      this.word_,
    );
    this.retry_ = h('button', { type: 'button', class: 'text-button' }, 'Try now');
    this.retry_.addEventListener('click', retry);
    this.notice = h('div', { class: 'notice', hidden: true }, this.text_, this.retry_);
  }

  show(standing: Standing, now: number): void {
    const { kind } = standing.connection;
    this.badge.dataset['state'] = kind;
    set_text(this.word_, badge_text(standing.connection));
    const notice = notice_text(standing, now);
    set_text(this.text_, notice);
    this.notice.hidden = notice === '';
    this.notice.dataset['state'] = kind;
    this.retry_.hidden = kind !== 'waiting' && kind !== 'offline' && kind !== 'refused';
    set_text(this.retry_, kind === 'refused' ? 'Sign in again' : 'Try now');
  }
}

function badge_text(state: ConnectionState): string {
  switch (state.kind) {
    case 'connecting':
      return state.attempt === 0 ? 'Connecting…' : 'Reconnecting…';
    case 'live':
      return 'Live';
    case 'waiting':
      return 'Reconnecting…';
    case 'offline':
      return 'Offline';
    case 'refused':
      return 'Signed out';
    case 'closed':
      return 'Left';
  }
}

function notice_text({ connection, history }: Standing, now: number): string {
  switch (connection.kind) {
    case 'waiting': {
      const seconds = Math.max(1, Math.ceil((connection.retryAt - now) / 1000));
      const words = sentence(connection.reason) || 'The connection was lost.';
      return `${words} Reconnecting in ${seconds} s.`;
    }
    case 'offline':
      return 'You are offline. What you write now is sent when the network is back.';
    case 'connecting':
      return connection.attempt === 0 ? '' : 'Reconnecting…';
    case 'live':
      if (history.kind !== 'unavailable') return '';
      return `Earlier messages cannot be loaded right now: ${sentence(history.reason)} New ones arrive as usual.`;
    case 'refused':
      return `${sentence(connection.refusal.reason || 'The server ended the session.')} What you write now is not sent.`;
    case 'closed':
      return '';
  }
}
