/** What `package-lock.json` says of one package; the lock file's version 3. */
export interface LockEntry {
  /** Of an alias: the package that it is in truth. */
  readonly name?: string
  readonly version?: string
  readonly integrity?: string
  readonly resolved?: string
  readonly link?: boolean
  readonly inBundle?: boolean
  readonly hasInstallScript?: boolean
}

export interface Lock {
  readonly lockfileVersion: number
  /** By the folder, such as `node_modules/ws`; `''` is what `package.json` says. */
  readonly packages: Readonly<Record<string, LockEntry & Dependencies>>
}

interface Dependencies {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

/** Of `package.json`. */
export interface Manifest extends Dependencies {
  readonly name: string
  readonly version: string
  readonly allowScripts?: Readonly<Record<string, boolean>>
}

const kinds = [
  'dependencies',
  'devDependencies',
  'optionalDependencies',
  'peerDependencies',
] as const

/** 64 bytes in Base64. */
const sha512 = /^sha512-[A-Za-z0-9+/]{86}==$/
const exactVersion = /^\d+\.\d+\.\d+(?:-[\w.-]+)?$/
/** For which npm puts the registry that it is set to (its setting `replace-registry-host`). */
const publicRegistry = 'https://registry.npmjs.org/'

/**
 * What is wrong with a lock file: packages that would come from elsewhere than the registry, those that npm could not
 * verify, and differences from `package.json`. Whether versions fit each other is npm's to say (`npm ls`).
 */
export function faultsOfLock(lock: Lock, manifest: Manifest): string[] {
  const { '': own, ...packages } = lock.packages
  if (lock.lockfileVersion !== 3) return [`lock file version ${lock.lockfileVersion}, expected 3`]
  return [
    ...Object.entries(packages).flatMap(([folder, entry]) => faultsOfEntry(folder, entry)),
    ...kinds.flatMap((kind) => differences(kind, own?.[kind] ?? {}, manifest[kind] ?? {})),
    ...kinds.flatMap((kind) => notPinned(kind, manifest[kind] ?? {}, packages)),
  ]
}

function faultsOfEntry(folder: string, entry: LockEntry): string[] {
  const faults: string[] = []
  if (entry.link === true) faults.push('is a link to a folder')
  if (entry.inBundle === true) faults.push('is bundled in another package')
  if (entry.name !== undefined) faults.push(`is in truth "${entry.name}"`)
  if (!sha512.test(entry.integrity ?? ''))
    faults.push(`has the integrity "${entry.integrity ?? ''}", expected one sha512-…`)
  if (entry.resolved !== undefined && entry.resolved !== tarball(folder, entry.version))
    faults.push(`comes from "${entry.resolved}", expected the npm registry`)
  return faults.map((fault) => `"${folder}" ${fault}`)
}

/** Where the registry has a package. Without `resolved` npm asks its registry for it by name and version. */
function tarball(folder: string, version = ''): string {
  const name = nameOf(folder)
  return `${publicRegistry}${name}/-/${name.split('/').at(-1)}-${version}.tgz`
}

/** Of the package in a folder, which may be within that of another. */
export function nameOf(folder: string): string {
  return folder.split('node_modules/').at(-1) ?? folder
}

type Specs = Readonly<Record<string, string>>

function differences(kind: string, locked: Specs, wanted: Specs): string[] {
  const names = new Set([...Object.keys(locked), ...Object.keys(wanted)])
  return [...names]
    .filter((name) => locked[name] !== wanted[name])
    .map(
      (name) =>
        `${kind}: package.json has "${name}" as ${wanted[name] ?? 'nothing'}, the lock file as ${locked[name] ?? 'nothing'}`,
    )
}

function notPinned(kind: string, wanted: Specs, packages: Lock['packages']): string[] {
  return Object.entries(wanted).flatMap(([name, spec]) => {
    if (!exactVersion.test(spec))
      return [`${kind}: "${name}" is "${spec}", expected an exact version`]
    const found = packages[`node_modules/${name}`]?.version
    return found === spec
      ? []
      : [`${kind}: "${name}" is ${spec}, and the lock file installs ${found ?? 'none'}`]
  })
}
