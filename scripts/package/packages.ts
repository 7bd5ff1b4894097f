import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { completionScript } from '../../src/cli/completion/shell-scripts.ts'
import { version } from '../../src/version.ts'
import { sourceDateSeconds } from './archive/archive-file.ts'
import { componentsOf } from './contents.ts'
import { debName, makeDeb } from './debian/deb.ts'
import { formulaOf } from './homebrew/formula.ts'
import { thirdPartyLicenses } from './licenses.ts'
import type { LinuxParts } from './linux/linux-files.ts'
import { withStage } from './linux/stage.ts'
import { manPage } from './man-page.ts'
import { archiveLayout, layoutName } from './oci/archive.ts'
import { fetchBase } from './oci/fetch-base.ts'
import { makeImage } from './oci/image.ts'
import type { Release } from './release.ts'
import { addSums, readSums } from './sums.ts'
import { makeRpm, rpmName } from './rpm/rpm.ts'
import type { SystemName } from './systems.ts'
import { wingetManifests } from './winget/manifests.ts'

export const packageKinds = ['debian', 'rpm', 'oci', 'homebrew', 'winget'] as const
export type PackageKind = (typeof packageKinds)[number]

export interface PackageParts {
  /** What the executables were made of. */
  readonly dist: string
  /** The path of the executable for a system, which is made when there is none yet. */
  readonly executableFor: (system: SystemName) => string
  /** The folder of the release. */
  readonly release: string
  /** Where the release will be offered. */
  readonly url?: string | undefined
}

/** What package managers tell from each other, by the executable that runs there. */
const processors = [
  { system: 'linux-x64', debian: 'amd64', rpm: 'x86_64' },
  { system: 'linux-arm64', debian: 'arm64', rpm: 'aarch64' },
] as const

/** Whether packages of this kind say where the release is offered. */
export function needsUrl(kind: PackageKind): boolean {
  return kind === 'homebrew' || kind === 'winget'
}

/** Makes packages of these kinds into the release, beside what is there, and says their sums in its SHA256SUMS. */
export async function makePackages(
  kinds: readonly PackageKind[],
  parts: PackageParts,
): Promise<void> {
  for (const kind of packageKinds.filter((kind) => kinds.includes(kind))) {
    const made = await makers[kind](parts)
    for (const name of made) process.stderr.write(`package: release/${name}\n`)
    if (!needsUrl(kind)) addSums(parts.release, made)
  }
}

/** Each answers with the names of what it made, below the folder of the release. */
const makers: Readonly<Record<PackageKind, (parts: PackageParts) => Promise<string[]>>> = {
  async debian(parts) {
    const texts = await textsOf(parts)
    return processors.map(({ system, debian: architecture }) => {
      const name = debName(version, architecture)
      const executable = parts.executableFor(system)
      makeDeb({ ...texts, version, architecture, executable, outfile: join(parts.release, name) })
      return name
    })
  },
  async rpm(parts) {
    const texts = await textsOf(parts)
    return processors.map(({ system, rpm: architecture }) => {
      const name = rpmName(version, architecture)
      const executable = parts.executableFor(system)
      makeRpm({ ...texts, version, architecture, executable, outfile: join(parts.release, name) })
      return name
    })
  },
  async oci(parts) {
    const { notices, seconds } = await textsOf(parts)
    const images = processors.map(({ system, debian: architecture }) =>
      withStage((directory) => {
        const base = fetchBase(directory, architecture)
        const executable = parts.executableFor(system)
        return makeImage({ version, architecture, executable, notices, base, seconds })
      }),
    )
    const name = layoutName(version)
    archiveLayout(join(parts.release, name), version, images, seconds)
    return [name]
  },
  homebrew(parts) {
    return Promise.resolve([
      writeText(parts.release, 'homebrew/postern.rb', formulaOf(told(parts))),
    ])
  },
  winget(parts) {
    const manifests = [...wingetManifests(told(parts))]
    return Promise.resolve(
      manifests.map(([name, text]) => writeText(parts.release, `winget/${name}`, text)),
    )
  },
}

async function textsOf({ dist }: PackageParts): Promise<
  Omit<LinuxParts, 'executable'> & {
    readonly components: ReturnType<typeof componentsOf>
    readonly seconds: number
  }
> {
  const components = componentsOf(dist)
  return {
    components,
    notices: thirdPartyLicenses(components),
    manual: await manPage(),
    completions: {
      bash: completionScript('bash'),
      zsh: completionScript('zsh'),
      fish: completionScript('fish'),
    },
    seconds: sourceDateSeconds(),
  }
}

function told({ release, url }: PackageParts): Release {
  if (url === undefined)
    throw new Error('where the release will be offered is not said: give --url')
  return { version, url, sums: readSums(join(release, 'SHA256SUMS')) }
}

function writeText(release: string, name: string, text: string): string {
  mkdirSync(join(release, name, '..'), { recursive: true })
  writeFileSync(join(release, name), text)
  return name
}
