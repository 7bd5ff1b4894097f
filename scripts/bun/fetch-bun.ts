// Brings the Bun of packaging/runtimes.json from the npm registry, for a system of ours or of somebody else. It is
// no development dependency: few need it, it is 100 MB, and npm would install that of this system alone.
import { createHash } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { faultOfExecutable } from '../supply-chain/executables.mjs'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const cache = join(root, 'node_modules', '.cache', 'postern', 'bun')

interface Runtimes {
  readonly version: string
  /** By the name of the package, as npm gives it (Subresource Integrity, `sha512-…`). */
  readonly integrity: Readonly<Record<string, string>>
}

/** Which Bun executables are made with, and what its packages are. */
export const runtimes: Runtimes = JSON.parse(
  readFileSync(join(root, 'packaging', 'runtimes.json'), 'utf8'),
) as Runtimes

/** Bun for a system, by the end of its package's name: `linux-x64`, `linux-aarch64-musl`, `windows-x64` … */
export function fetchBun(system: string, directory = cache): string {
  const name = `@oven/bun-${system}`
  const integrity = runtimes.integrity[name]
  if (integrity === undefined) throw new Error(`packaging/runtimes.json has no "${name}"`)
  const program = system.startsWith('windows') ? 'bun.exe' : 'bun'
  const target = join(directory, runtimes.version, system)
  const path = join(target, program)
  if (!existsSync(path)) bring(name, integrity, program, target)
  verify(path, `${name}@${runtimes.version}`)
  return path
}

/** Those that are here already, with their packages. */
export function fetchedBuns(): readonly { readonly name: string; readonly path: string }[] {
  const found = globSync(join(runtimes.version, '*', 'bun{,.exe}'), { cwd: cache })
  return found.sort().map((path) => ({
    name: `@oven/bun-${basename(dirname(path))}@${runtimes.version}`,
    path: join(cache, path),
  }))
}

const verified = new Set<string>()

/**
 * What was verified when it came may be another file by now: whoever has a build machine for a moment has its cache.
 *
 * @throws Error when it is not the one that `packaging/executables.json` has.
 */
function verify(path: string, name: string): void {
  if (verified.has(path)) return
  const fault = faultOfExecutable(path, name)
  if (fault !== undefined) throw new Error(fault)
  verified.add(path)
}

/** Bun for this system. */
export function ownBun(): string {
  return fetchBun(ownRuntime())
}

/** By the end of the package's name. */
export function ownRuntime(): string {
  const processor = process.arch === 'arm64' ? 'aarch64' : process.arch
  const system = process.platform === 'win32' ? 'windows' : process.platform
  return `${system}-${processor}${isMusl() ? '-musl' : ''}`
}

function isMusl(): boolean {
  if (process.platform !== 'linux') return false
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } }
  return header.glibcVersionRuntime === undefined
}

/**
 * Into its place whole or not at all: another run may be on its way with the same.
 *
 * @throws Error when the package is not the one that `integrity` is of; nothing of it is unpacked then.
 */
export function bring(name: string, integrity: string, program: string, target: string): void {
  mkdirSync(dirname(target), { recursive: true })
  const draft = mkdtempSync(`${target}-`)
  try {
    process.stderr.write(`bun: bringing ${name} ${runtimes.version} …\n`)
    const archive = pack(`${name}@${runtimes.version}`, draft)
    const found = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`
    if (found !== integrity) {
      throw new Error(`${name} is ${found}, and packaging/runtimes.json has ${integrity}`)
    }
    execFileSync('tar', [
      '-xzf',
      archive,
      '-C',
      draft,
      '--strip-components=2',
      `package/bin/${program}`,
    ])
    rmSync(archive)
    chmodSync(join(draft, program), 0o755)
    // A test starts it as somebody else.
    chmodSync(draft, 0o755)
    replace(draft, target, program)
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
}

function replace(draft: string, target: string, program: string): void {
  try {
    renameSync(draft, target)
  } catch (error) {
    if (!existsSync(join(target, program))) throw error
  }
}

/** The path of the archive that npm puts into `directory`. */
function pack(spec: string, directory: string): string {
  // Where a registry keeps its archives elsewhere npm counts them as remote, which the project's own file forbids; what
  // comes is compared with its sum.
  const args = ['pack', spec, '--silent', '--allow-remote=all', '--pack-destination', directory]
  const name = execFileSync('npm', args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    // Not ours: npm would look for a project.
    cwd: directory,
    shell: process.platform === 'win32',
  })
  return join(directory, name.trim())
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.stdout.write(`${process.argv[2] === undefined ? ownBun() : fetchBun(process.argv[2])}\n`)
}
