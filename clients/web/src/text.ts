// Splits a message into plain text and links. The view makes nodes of the pieces; nothing in a
// message is ever read as HTML.

export interface Piece {
  readonly text: string;
  readonly href?: string;
}

const kUrl = /https?:\/\/[^\s<>"'`]+/giu;

/** A closing bracket belongs to the link only when it was opened in it. */
function without_trailing_punctuation(url: string): string {
  let unopened = url.split(')').length - url.split('(').length;
  let end = url.length;
  for (; end > 0; end -= 1) {
    const last = url[end - 1]!;
    if (last === ')' && unopened > 0) unopened -= 1;
    else if (!/[.,;:!?*_\]}”’]/u.test(last)) break;
  }
  return url.slice(0, end);
}

export function pieces_of(text: string): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  for (const match of text.matchAll(kUrl)) {
    const url = without_trailing_punctuation(match[0]);
    if (!parses(url)) continue;
    if (match.index > at) pieces.push({ text: text.slice(at, match.index) });
    pieces.push({ text: url, href: url });
    at = match.index + url.length;
  }
  if (at < text.length) pieces.push({ text: text.slice(at) });
  return pieces;
}

function parses(url: string): boolean {
  try {
    return new URL(url).hostname !== '';
  } catch {
    return false;
  }
}

/** Up to three emoji and nothing else are shown large. */
export function is_emoji_only(text: string): boolean {
  if (text.length > 60) return false;
  return /^(?:\p{Extended_Pictographic}(?:\uFE0F|\p{Emoji_Modifier}|\u200D\p{Extended_Pictographic})*\s*){1,3}$/u.test(
    text.trim(),
  );
}

/** What a program said, as a sentence. */
export function sentence(text: string): string {
  const start = text.charAt(0).toLocaleUpperCase() + text.slice(1);
  return start === '' || /[.!?…]$/u.test(start) ? start : `${start}.`;
}
