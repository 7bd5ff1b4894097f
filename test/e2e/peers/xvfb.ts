import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { startChild } from '../child.ts'
import { program } from '../peers.ts'
import type { Scope } from '../scope.ts'

/** An X server without a screen, whose picture can be looked at. */
export interface VirtualScreen {
  /** As `DISPLAY` has it. */
  readonly display: string
  /** How many of its pixels have this colour, red first, 24 bits. */
  pixels(colour: number): Promise<number>
}

/** Starts Xvfb on a display that is free. */
export async function startXvfb(scope: Scope): Promise<VirtualScreen> {
  const directory = join(scope.directory, 'screen')
  await mkdir(directory)
  const files: string[] = []
  // It removes these itself unless it is killed.
  scope.defer(async () => {
    for (const file of files) await rm(file, { force: true })
  })
  const args = ['-displayfd', '1', '-screen', '0', '1024x768x24', '-fbdir', directory]
  const server = startChild(scope, program('Xvfb'), args)
  const [, number] = await server.says(/^(\d+)\n/)
  files.push(`/tmp/.X${number}-lock`, `/tmp/.X11-unix/X${number}`)
  return {
    display: `:${number}`,
    pixels: async (colour) => countPixels(await readFile(join(directory, 'Xvfb_screen0')), colour),
  }
}

/** The file is one of xwd: https://gitlab.freedesktop.org/xorg/proto/xorgproto, `X11/XWDFile.h`. */
function countPixels(file: Buffer, colour: number): number {
  const [headerSize, colourCount] = [file.readUInt32BE(0), file.readUInt32BE(19 * 4)]
  let count = 0
  for (let at = headerSize + colourCount * 12; at + 4 <= file.length; at += 4) {
    // Xvfb has the machine's byte order; all that Node.js runs on are little-endian.
    if ((file.readUInt32LE(at) & 0xffffff) === colour) count++
  }
  return count
}
