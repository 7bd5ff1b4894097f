import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Compares a text with `golden/NAME`, byte by byte. `UPDATE_GOLDEN=1` writes it: read the difference before you keep it. */
export function isGolden(name: string, text: string): void {
  const path = join(import.meta.dirname, 'golden', name)
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(path, text)
  else assert.equal(text, readFileSync(path, 'utf8'))
}

/** A program at a path with everything that some format gives a meaning to, and what it is told. */
export const hostilePath = '/home/a b/50% $HOME/"quo\'ted"/`id`\\n/é&<x>;#/node'
export const hostileWindowsPath = "C:\\Users\\A B\\50% & %TEMP% ^ (x) 'é'\\node.exe"

/** A path as most people have it. */
export const plainProgram = ['/usr/bin/node', '/usr/lib/node_modules/postern/dist/postern.js']
export const upArgs = ['up', '--foreground']
