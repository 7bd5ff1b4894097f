import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { nameOf, type Lock, type Manifest } from './lock.ts'

/** A package that has something to run when it is installed. */
export interface ReviewedScript {
  /** The version that was looked at, for one whose script runs; another one is refused until somebody has looked. */
  readonly version?: string
  readonly why: string
}

/**
 * Every package with an install script. One without `version` has none run: npm skips it by `allowScripts` of package.json,
 * and says so there.
 */
export const reviewedScripts: Readonly<Record<string, ReviewedScript>> = {
  node: {
    version: '26.10.0',
    why: 'brings the runtime of this system; executables.mjs verifies what it has brought',
  },
  esbuild: { why: 'replaces its starter by the binary, to be faster by some milliseconds' },
  ssh2: { why: 'builds a native cipher; Node.js has its own' },
  'cpu-features': { why: 'builds a native look at the processor, for the native cipher of ssh2' },
}

/** What is wrong: packages that nobody has looked at, and differences from what npm will do. */
export function faultsOfScripts(
  packages: readonly PackageWithScript[],
  allowScripts: Manifest['allowScripts'] = {},
  reviewed = reviewedScripts,
): string[] {
  return [
    ...packages.flatMap(({ name, version, folder }) => {
      const review = reviewed[name]
      if (review === undefined)
        return [`"${folder}" has an install script that nobody has looked at: ${name}@${version}`]
      if (review.version === undefined || review.version === version) return []
      return [`"${folder}" has the install script of ${version}; that of ${review.version} may run`]
    }),
    ...Object.keys({ ...allowScripts, ...reviewed }).flatMap((key) => {
      const review = reviewed[key]
      const mayRun = review === undefined ? undefined : review.version !== undefined
      return allowScripts[key] === mayRun
        ? []
        : [`allowScripts of package.json has ${key}: ${allowScripts[key]}, expected ${mayRun}`]
    }),
  ]
}

export interface PackageWithScript {
  readonly name: string
  readonly version: string
  readonly folder: string
}

/** By the lock file, which npm goes by. */
export function scriptsOfLock({ packages }: Lock): PackageWithScript[] {
  return Object.entries(packages)
    .filter(([, entry]) => entry.hasInstallScript === true)
    .map(([folder, { version = '' }]) => ({ name: nameOf(folder), version, folder }))
}

/** By what the packages that are installed in `root` say of themselves, whatever the lock file says of them. */
export function scriptsInstalled(root: string, { packages }: Lock): PackageWithScript[] {
  return Object.keys(packages)
    .filter((folder) => folder !== '' && existsSync(join(root, folder, 'package.json')))
    .flatMap((folder) => {
      const text = readFileSync(join(root, folder, 'package.json'), 'utf8')
      const { version = '', scripts = {} } = JSON.parse(text) as {
        readonly version?: string
        readonly scripts?: Readonly<Record<string, string>>
      }
      // npm builds a package that has one, without a script that says so.
      const isBuilt = existsSync(join(root, folder, 'binding.gyp'))
      const runs = isBuilt || whenInstalled.some((script) => scripts[script] !== undefined)
      return runs ? [{ name: nameOf(folder), version, folder }] : []
    })
}

const whenInstalled = ['preinstall', 'install', 'postinstall']
