// For `npm test`: prints what the runner is to run, a path a line. The argument is where batches are written.
import { globSync } from 'node:fs'
import { join, sep } from 'node:path'
import { batchesOf, writeBatches } from './test-batches.ts'

const root = join(import.meta.dirname, '..')
const [, , folder] = process.argv
if (folder === undefined) throw new Error('no folder for batches is given')

const patterns = ['src', 'test', 'scripts', 'bench', 'fuzz'].map((part) => `${part}/**/*.test.ts`)
const files = globSync(patterns, { cwd: root })
  .map((file) => file.replaceAll(sep, '/'))
  .sort()
const batches = batchesOf(files)
process.stdout.write(
  [...writeBatches(root, folder, batches), ...batches.alone].map((path) => `${path}\n`).join(''),
)
