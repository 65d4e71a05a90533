// What a person does on the map: keys, the wheel, and pointers (mouse, pen or fingers).

const BOX_PX = 4; // a smaller box is a click

/** Listen on the drawing of a map. */
export function listen(map) {
  const hand = new Hand(map);
  map.svg.addEventListener("keydown", (event) => key(map, event));
  map.svg.addEventListener("wheel", (event) => wheel(map, event), { passive: false });
  map.svg.addEventListener("pointerdown", (event) => hand.down(event));
  map.svg.addEventListener("pointermove", (event) => hand.move(event));
  map.svg.addEventListener("pointerup", (event) => hand.up(event));
  map.svg.addEventListener("pointercancel", (event) => hand.up(event));
}

function wheel(map, event) {
  if (document.activeElement !== map.svg && !event.ctrlKey) return; // else the page scrolls
  event.preventDefault();
  map.zoom(event.deltaY > 0 ? 1.25 : 0.8, map.at(event));
}

function key(map, event) {
  const { width, height } = map.size();
  const [right, up] = [(width / 5) * map.now, (height / 5) * map.now];
  const does = {
    ArrowLeft: () => map.pan(-right, 0),
    ArrowRight: () => map.pan(right, 0),
    ArrowUp: () => map.pan(0, up),
    ArrowDown: () => map.pan(0, -up),
    "+": () => map.zoom(0.5),
    "=": () => map.zoom(0.5),
    "-": () => map.zoom(2),
    0: () => map.whole(),
    b: () => map.onBox?.(map.view()),
    B: () => map.onBox?.(map.view()),
    Escape: () => map.draws(false),
  }[event.key];
  if (!does || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  does();
}

/** The pointers that are down: one moves the map or draws a box, two zoom. */
class Hand {
  constructor(map) {
    this.map = map;
    this.pointers = new Map();
  }

  down(event) {
    if (event.button !== 0) return;
    this.map.svg.focus({ preventScroll: true });
    this.pointers.set(event.pointerId, event);
    this.from = { ...this.map.at(event), x: event.clientX, y: event.clientY };
    this.boxing = (this.map.drawing || event.shiftKey) && this.map.onBox !== null && this.pointers.size === 1;
    if (this.boxing) this.map.svg.setPointerCapture(event.pointerId);
  }

  move(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const apart = this.pointers.size === 2 ? this.apart() : 0;
    this.pointers.set(event.pointerId, event);
    if (apart) this.map.zoom(apart / this.apart());
    else if (this.boxing) this.map.setBox(this.map.between(this.from, this.map.at(event)));
    else {
      if (!this.map.svg.hasPointerCapture(event.pointerId)) {
        if (Math.hypot(event.clientX - this.from.x, event.clientY - this.from.y) < BOX_PX) return; // still a click
        this.map.svg.setPointerCapture(event.pointerId);
      }
      this.map.pan(
        (before.clientX - event.clientX) * this.map.now,
        (event.clientY - before.clientY) * this.map.now,
      );
    }
  }

  up(event) {
    if (!this.pointers.delete(event.pointerId) || !this.boxing) return;
    this.boxing = false;
    const far = Math.min(Math.abs(event.clientX - this.from.x), Math.abs(event.clientY - this.from.y));
    if (event.type === "pointercancel" || far < BOX_PX) return;
    this.map.draws(false);
    this.map.onBox(this.map.between(this.from, this.map.at(event)));
  }

  apart() {
    const [one, other] = [...this.pointers.values()];
    return Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY) || 1;
  }
}
