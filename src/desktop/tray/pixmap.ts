/** A picture as the tray takes it: width, height, and for each pixel alpha, red, green, blue. */
export type Pixmap = readonly [width: number, height: number, argb: Buffer]

/** Sizes that panels make theirs of, in pixels. */
const sizes = [22, 48]
/** Points that are looked at for each pixel, in each direction: edges are smooth. */
const samples = 4

/** The mark in a colour, `0xrrggbb`, in several sizes. */
export function markPixmaps(colour: number): readonly Pixmap[] {
  return sizes.map((size) => [size, size, drawMark(size, colour)])
}

function drawMark(size: number, colour: number): Buffer {
  const pixels = Buffer.alloc(size * size * 4)
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const alpha = Math.round(coverage(x, y, size) * 255)
      // Nothing says that colours are multiplied by alpha: panels take them as they are.
      pixels.writeUInt32BE(alpha * 0x100_0000 + (alpha === 0 ? 0 : colour), (y * size + x) * 4)
    }
  }
  return pixels
}

function coverage(x: number, y: number, size: number): number {
  let count = 0
  for (let row = 0; row < samples; row++) {
    for (let column = 0; column < samples; column++) {
      const scale = markUnits / size / samples
      if (isInMark((x * samples + column + 0.5) * scale, (y * samples + row + 0.5) * scale)) count++
    }
  }
  return count / samples ** 2
}

/** The square that the mark is drawn in (`autostart/mark.ts`). */
const markUnits = 16

/** The arch of `autostart/mark.ts`: between an outer arch of radius 5 around (8, 6) and an inner one of 2 around (8, 7). */
function isInMark(x: number, y: number): boolean {
  return isInArch(x, y, 6, 5) && !isInArch(x, y, 7, 2)
}

function isInArch(x: number, y: number, springY: number, radius: number): boolean {
  return y >= springY ? Math.abs(x - 8) < radius : Math.hypot(x - 8, y - springY) < radius
}
