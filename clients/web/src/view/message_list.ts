// The scrolling list: draws a window of the timeline, keeps what is being read in its place, and
// follows the newest only when the reader is at the bottom.
import type { Gap } from '../history_sync';
import type { Outgoing } from '../outgoing';
import { RowWindow } from '../row_window';
import { rows_of, type Row } from '../rows';
import type { Timeline } from '../timeline';
import { typing_text } from '../typing';
import { h, icon, kIcons, set_text } from './dom';
import { row_view, type RowActions, type RowView } from './message_row';

export interface ListActions extends RowActions {
  /** Resolves when older messages are there, or cannot be had. */
  load_older(): Promise<void>;
  /** Whether the reader sees the newest messages. */
  following(yes: boolean): void;
}

export interface ListModel {
  readonly room: string;
  readonly user: string;
  readonly timeline: Timeline;
  readonly outgoing: readonly Outgoing[];
  readonly older: boolean;
  readonly entered: boolean;
  readonly unreadFrom: string | null;
  readonly unreadCount: number;
  readonly gaps: readonly Gap[];
}

const kAtBottomPx = 40;
const kNearEdgePx = 500;

export class MessageList {
  readonly element: HTMLElement;
  private readonly scroller_: HTMLElement;
  private readonly content_: HTMLElement;
  private readonly above_: HTMLElement;
  private readonly pill_: HTMLButtonElement;
  private readonly pillText_: HTMLElement;
  private readonly typing_ = h('p', { class: 'typing' });
  private readonly window_ = new RowWindow();
  private views_ = new Map<string, RowView>();
  private frame_ = 0;
  private loading_ = false;
  private lastTop_ = 0;

  constructor(
    private readonly model_: () => ListModel,
    private readonly actions_: ListActions,
  ) {
    this.above_ = h('div', { class: 'above' });
    this.content_ = h('div', { class: 'rows' });
    this.scroller_ = h(
      'div',
      { class: 'scroller', role: 'log', 'aria-live': 'off', 'aria-label': 'Messages', tabindex: 0 },
      h('div', { class: 'column' }, this.above_, this.content_),
    );
    this.pillText_ = h('span');
    this.pill_ = h(
      'button',
      { type: 'button', class: 'pill', hidden: true },
      icon(kIcons.down),
      this.pillText_,
    );
    this.element = h('div', { class: 'list' }, this.scroller_, this.typing_, this.pill_);
    this.pill_.addEventListener('click', () => this.follow());
    this.scroller_.addEventListener('scroll', () => this.on_scroll(), { passive: true });
    const resized = new ResizeObserver(() => this.stick());
    resized.observe(this.scroller_);
    resized.observe(this.content_);
  }

  get following(): boolean {
    return this.window_.following;
  }

  /** Draws with the next frame, however often it is called before. */
  update(): void {
    this.frame_ ||= requestAnimationFrame(() => {
      this.frame_ = 0;
      this.draw();
    });
  }

  /** In a line that is always there, so that nothing moves. */
  show_typing(users: readonly string[]): void {
    set_text(this.typing_, typing_text(users));
  }

  follow(): void {
    this.window_.follow();
    this.actions_.following(true);
    this.draw();
  }

  private draw(): void {
    const model = this.model_();
    const { start, end } = this.window_.range(model.timeline);
    const atEnd = end === model.timeline.messages.length;
    const rows = rows_of({
      user: model.user,
      messages: model.timeline.messages.slice(start, end),
      outgoing: atEnd ? model.outgoing : [],
      fromBeginning: start === 0 && model.entered && !model.older,
      unreadFrom: model.unreadFrom,
      gaps: model.gaps,
    });
    const anchor = this.following ? null : this.anchor();
    this.reconcile(rows, model.room);
    this.draw_above(model, start);
    this.draw_pill(model);
    if (anchor !== null) this.scroller_.scrollTop += top_of(anchor.element) - anchor.top;
    else this.stick();
    this.lastTop_ = this.scroller_.scrollTop;
  }

  /** The first text in sight: it stays where it is, also when its row loses the name above it. */
  private anchor(): { element: Element; top: number } | null {
    const edge = this.scroller_.getBoundingClientRect().top;
    for (const view of this.views_.values()) {
      const bubble = view.element.querySelector('.bubble');
      const box = bubble?.getBoundingClientRect();
      if (bubble && box && box.bottom > edge) return { element: bubble, top: box.top };
    }
    return null;
  }

  private reconcile(rows: readonly Row[], room: string): void {
    const views = new Map<string, RowView>();
    for (const row of rows) {
      const known = this.views_.get(row.key);
      const view = known ?? row_view(row, room, this.actions_);
      known?.update(row);
      views.set(row.key, view);
    }
    for (const [key, view] of this.views_) if (!views.has(key)) view.element.remove();
    let next = this.content_.firstChild;
    for (const view of views.values()) {
      if (view.element === next) next = next.nextSibling;
      else this.content_.insertBefore(view.element, next);
    }
    this.views_ = views;
  }

  private draw_above(model: ListModel, start: number): void {
    const more = start > 0 || model.older;
    const wanted = more ? (this.loading_ ? 'loading' : 'button') : '';
    if (this.above_.dataset['shows'] === wanted) return;
    this.above_.dataset['shows'] = wanted;
    if (wanted === 'button') {
      const button = h('button', { type: 'button', class: 'text-button' }, 'Load older messages');
      button.addEventListener('click', () => this.show_older());
      this.above_.replaceChildren(button);
    } else {
      this.above_.replaceChildren(...(wanted === 'loading' ? ['Loading older messages…'] : []));
    }
  }

  private draw_pill(model: ListModel): void {
    this.pill_.hidden = this.following;
    const count = model.unreadCount;
    set_text(
      this.pillText_,
      count === 0 ? 'Latest messages' : count === 1 ? '1 new message' : `${count} new messages`,
    );
    this.pill_.classList.toggle('strong', count > 0);
  }

  private stick(): void {
    if (!this.following) return;
    this.scroller_.scrollTop = this.scroller_.scrollHeight;
    this.lastTop_ = this.scroller_.scrollTop;
  }

  private on_scroll(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller_;
    const below = scrollHeight - scrollTop - clientHeight;
    const upwards = scrollTop < this.lastTop_;
    this.lastTop_ = scrollTop;
    const { timeline } = this.model_();
    const atEnd = this.window_.range(timeline).end === timeline.messages.length;
    if (below <= kAtBottomPx) {
      if (atEnd && !this.following) this.follow();
      else if (!atEnd && this.window_.extend_down(timeline)) this.draw();
      return;
    }
    // Only the reader's own scrolling ends following, not rows that grow under it.
    if (this.following && upwards) {
      this.window_.read(timeline);
      this.actions_.following(false);
      this.draw();
    }
    if (this.following) return;
    if (scrollTop < kNearEdgePx && upwards) this.show_older();
    else if (below < kNearEdgePx && !atEnd && this.window_.extend_down(timeline)) this.draw();
  }

  private show_older(): void {
    const { timeline, older } = this.model_();
    if (this.following) {
      this.window_.read(timeline);
      this.actions_.following(false);
    }
    if (this.window_.extend_up(timeline)) {
      this.draw();
      return;
    }
    if (!older || this.loading_) return;
    this.loading_ = true;
    this.draw();
    void this.actions_.load_older().then(() => {
      this.loading_ = false;
      this.window_.extend_up(timeline);
      this.draw();
    });
  }
}

function top_of(element: Element): number {
  return element.getBoundingClientRect().top;
}
