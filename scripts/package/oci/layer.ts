import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzip } from '../archive/gzip.ts'
import type { PackageFile } from '../linux/package-file.ts'
import { runTool } from '../linux/run-tool.ts'
import { stageFiles, withStage } from '../linux/stage.ts'

/** A folder that is there for somebody to write into. */
export interface LayerFolder {
  /** Without the first `/`. */
  readonly path: string
  /** As `tar --mode` takes it. */
  readonly mode: string
  /** User and group. */
  readonly owner: number
}

export interface LayerOptions {
  readonly files: readonly PackageFile[]
  readonly folders?: readonly LayerFolder[]
  /** When all of it is from, in seconds since 1970. */
  readonly seconds: number
  /** Of gzip, 1–9. */
  readonly level: number
}

export interface Layer {
  readonly bytes: Buffer
  /** Of the archive before it was compressed, by which an image names it. */
  readonly diffId: string
}

/** A layer of an image: its files are of root. The same files make the same bytes. */
export function makeLayer({ files, folders = [], seconds, level }: LayerOptions): Layer {
  return withStage((directory) => {
    const stage = join(directory, 'stage')
    const placeholders = folders.map(({ path }) => ({ path: join(path, keep), content: '' }))
    stageFiles(stage, [...files, ...placeholders], seconds)
    const file = join(directory, 'layer.tar')
    const tar = (
      action: string,
      mode: string | undefined,
      owner: number,
      paths: string[],
    ): string =>
      runTool('tar', [
        action,
        `--file=${file}`,
        '--format=ustar',
        '--no-recursion',
        `--mtime=@${seconds}`,
        '--numeric-owner',
        `--owner=${owner}`,
        `--group=${owner}`,
        ...(mode === undefined ? [] : [`--mode=${mode}`]),
        `--directory=${stage}`,
        ...paths,
      ])
    tar(
      '--create',
      undefined,
      0,
      pathsIn(stage).filter((path) => !folders.some((folder) => folder.path === path)),
    )
    for (const { path, mode, owner } of folders) tar('--append', mode, owner, [path])
    const archive = readFileSync(file)
    return { bytes: gzip(archive, level), diffId: digestOf(archive) }
  })
}

/** The name that makes a folder, and is not in the archive. */
const keep = '.keep'

/** In their order by bytes, which no locale changes; folders before what is in them. */
function pathsIn(stage: string): string[] {
  const paths = readdirSync(stage, { recursive: true, encoding: 'utf8' })
  return paths.filter((path) => !path.endsWith(keep)).sort()
}

export function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}
