export const $ = (id) => document.getElementById(id);

/** Makes an element. Children are elements or texts. */
export function el(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** Makes an SVG element. */
export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

/** Sets a text only when it changes: anything else makes the browser lay out the page again. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function setAttribute(element, name, value) {
  if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}

/**
 * Brings the children of a list in line with items: those with a known key are updated in place, so that focus, selection
 * and scrolling stay.
 */
export function keyed(parent, items, keyOf, create, update) {
  const known = new Map(Array.from(parent.children, (child) => [child.dataset.key, child]));
  let at = parent.firstElementChild;
  for (const item of items) {
    const key = String(keyOf(item));
    let element = known.get(key);
    if (!element) {
      element = create(item);
      element.dataset.key = key;
    }
    known.delete(key);
    if (update) update(element, item);
    if (element === at) at = at.nextElementSibling;
    else parent.insertBefore(element, at);
  }
  for (const left of known.values()) left.remove();
}

/** A part of something as a small bar. */
export function meter(part, text, state = "") {
  const width = Math.max(0, Math.min(1, part)) * 58;
  return el(
    "span",
    { class: "meter" },
    svg(
      "svg",
      { width: 60, height: 10, "aria-hidden": "true" },
      svg("rect", { class: "meter-track", x: 0.5, y: 0.5, width: 59, height: 9, rx: 4.5 }),
      svg("rect", { class: "meter-fill", "data-state": state, x: 1, y: 1, width, height: 8, rx: 4 }),
    ),
    text,
  );
}
