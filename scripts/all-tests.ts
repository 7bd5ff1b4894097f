// For `npm test`: prints what the runner is to run, a path a line. The argument is where batches are written.
import { globSync } from 'node:fs'
import { join, sep } from 'node:path'
import { batchesOf, spread, writeBatches } from './test-batches.ts'

const root = join(import.meta.dirname, '..')
const [, , folder] = process.argv
if (folder === undefined) throw new Error('no folder for batches is given')

const patterns = ['src', 'test', 'scripts', 'bench', 'fuzz'].map((part) => `${part}/**/*.test.ts`)
const files = globSync(patterns, { cwd: root })
  .map((file) => file.replaceAll(sep, '/'))
  .sort()
const batches = batchesOf(files)
const inOrder = spread(writeBatches(root, folder, batches), batches.alone)
process.stdout.write(inOrder.map((path) => `${path}\n`).join(''))
