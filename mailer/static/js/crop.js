/* Marks a part of a picture: dragging over [data-crop-stage] fills the numbers of the form [data-crop], and they move the mark. */
const stage = document.querySelector("[data-crop-stage]");
const form = document.querySelector("[data-crop]");
const picture = stage.querySelector("img");
const mark = stage.querySelector("[data-crop-selection]");
const { left, top, width, height } = form.elements;
let from = null;

stage.addEventListener("pointerdown", (event) => {
  event.preventDefault();
  stage.setPointerCapture(event.pointerId);
  from = place(event);
});
stage.addEventListener("pointermove", (event) => {
  if (!from) return;
  const to = place(event);
  left.value = Math.min(from.x, to.x);
  top.value = Math.min(from.y, to.y);
  width.value = Math.max(1, Math.abs(to.x - from.x));
  height.value = Math.max(1, Math.abs(to.y - from.y));
  draw();
});
for (const type of ["pointerup", "pointercancel"]) {
  stage.addEventListener(type, () => {
    from = null;
  });
}
form.addEventListener("input", draw);

function place(event) {
  const box = picture.getBoundingClientRect();
  const part = (at, start, size) => Math.min(1, Math.max(0, (at - start) / size));
  return {
    x: Math.round(part(event.clientX, box.left, box.width) * picture.naturalWidth),
    y: Math.round(part(event.clientY, box.top, box.height) * picture.naturalHeight),
  };
}

function draw() {
  const scale = picture.clientWidth / picture.naturalWidth;
  mark.hidden = false;
  mark.style.left = `${left.value * scale}px`;
  mark.style.top = `${top.value * scale}px`;
  mark.style.width = `${width.value * scale}px`;
  mark.style.height = `${height.value * scale}px`;
}
