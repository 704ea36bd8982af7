// Remembers what is written on a canvas: the ticks of a chart are no text of the page.
const { clearRect, fillText } = CanvasRenderingContext2D.prototype;

CanvasRenderingContext2D.prototype.clearRect = function (x, y, width, height) {
  if (width >= this.canvas.width && height >= this.canvas.height) {
    this.canvas.written = [];
  }
  return clearRect.call(this, x, y, width, height);
};

CanvasRenderingContext2D.prototype.fillText = function (text, ...place) {
  (this.canvas.written ??= []).push(String(text));
  return fillText.call(this, text, ...place);
};
