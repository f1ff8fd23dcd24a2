// Makes elements. Text goes in as text nodes only: there is no way to HTML here.

type Child = Node | string | null;
type Attributes = Record<string, string | number | boolean | null>;

export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === false) continue;
    element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...children.filter((child): child is Node | string => child !== null));
  return element;
}

const kSvg = 'http://www.w3.org/2000/svg';

/** A line icon of 24 units from path data of ours. */
export function icon(path: string): SVGSVGElement {
  const svg = document.createElementNS(kSvg, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const line = document.createElementNS(kSvg, 'path');
  line.setAttribute('d', path);
  svg.append(line);
  return svg;
}

export const kIcons = {
  send: 'M5 12h13M12.5 5.5 19 12l-6.5 6.5',
  people:
    'M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM2.5 20c.4-3.6 3-5.5 6.5-5.5s6.1 1.9 6.5 5.5M15.5 4.3a3.5 3.5 0 0 1 0 6.4M18 15c2 .8 3.2 2.5 3.5 5',
  down: 'M12 5v13M5.5 12 12 18.5 18.5 12',
  switch: 'M4 8h14M14.5 4.5 18 8l-3.5 3.5M20 16H6M9.5 12.5 6 16l3.5 3.5',
  close: 'M6 6l12 12M18 6 6 18',
} as const;

/** Text that changes: touches the document only when it does. */
export function set_text(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export function avatar(letters: string, hue: number): HTMLElement {
  return h('span', { class: 'avatar', 'data-hue': hue, 'aria-hidden': 'true' }, letters);
}
