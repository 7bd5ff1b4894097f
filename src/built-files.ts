import { readdir, readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gunzip as gunzipCallback, gzip as gzipCallback } from 'node:zlib'
import { releaseFolder } from './release-files.ts'

const gzip = promisify(gzipCallback)
const gunzip = promisify(gunzipCallback)
/** What an executable has of each file instead (`scripts/package/compress-pages.ts`). */
const compressed = '.gz'

/** A file of a build, ready to be sent. */
export interface BuiltFile {
  readonly type: string
  readonly bytes: Uint8Array<ArrayBuffer>
  /** The same, compressed: when it is asked for first, since to compress all of them is much of a start. */
  gzipped(): Promise<Uint8Array<ArrayBuffer>>
}

/** By their names relative to the build, with `/`, such as `assets/index-1a2b3c.js`. */
export type BuiltFiles = ReadonlyMap<string, BuiltFile>

/** Kinds of files a build may hold; any other one is not served. */
const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=UTF-8',
  '.js': 'text/javascript; charset=UTF-8',
  '.css': 'text/css; charset=UTF-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webmanifest': 'application/manifest+json; charset=UTF-8',
}

/**
 * Most files of one build that are read.
 *
 * @limit none: files of our own build
 */
const maxFiles = 100
/**
 * Most bytes of one build that are read.
 *
 * @limit none: bytes of our own build
 */
const maxTotalBytes = 8 * 1024 * 1024

/** Where the release has the pages of this name; from the sources, what `npm run build` made last. */
export function builtDirectory(name: 'portal' | 'console' | 'desktop' | 'passkeys'): string {
  const dist = releaseFolder ?? new URL('../dist/', import.meta.url)
  return fileURLToPath(new URL(`web/${name}`, dist))
}

/**
 * Reads a build once and whole: what is served later is this list, and no path that somebody asks for
 * ever reaches the file system. Undefined when there is no build.
 */
export async function readBuiltFiles(directory: string): Promise<BuiltFiles | undefined> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => [])
  const paths = entries
    .filter((entry) => entry.isFile() && typeOf(entry.name) !== undefined)
    .map((entry) => join(entry.parentPath, entry.name))
  const files = new Map<string, BuiltFile>()
  let totalBytes = 0
  for (const path of paths.slice(0, maxFiles)) {
    const { bytes, gzipped } = await readBoth(path)
    totalBytes += bytes.length
    if (totalBytes > maxTotalBytes) return undefined
    const name = plainName(path.slice(directory.length + 1).replaceAll('\\', '/'))
    files.set(name, { type: typeOf(name) ?? '', bytes, gzipped })
  }
  return files.has('index.html') ? files : undefined
}

async function readBoth(path: string): Promise<Pick<BuiltFile, 'bytes' | 'gzipped'>> {
  const found = new Uint8Array(await readFile(path))
  if (!path.endsWith(compressed)) return { bytes: found, gzipped: compressOnce(found) }
  return {
    bytes: new Uint8Array(await gunzip(found)),
    gzipped: () => Promise.resolve(found),
  }
}

function compressOnce(bytes: Uint8Array<ArrayBuffer>): BuiltFile['gzipped'] {
  let compressing: Promise<Uint8Array<ArrayBuffer>> | undefined
  return () => (compressing ??= gzip(bytes).then((made) => new Uint8Array(made)))
}

function typeOf(name: string): string | undefined {
  return types[extname(plainName(name))]
}

function plainName(name: string): string {
  return name.endsWith(compressed) ? name.slice(0, -compressed.length) : name
}

/** What is lent to one reader at a time, in bytes. */
const pieceBytes = 16 * 1024

/**
 * The bytes of a file as the body of one answer: its pieces are views of what is there, made when they
 * are asked for. `Response` would copy a whole array for each answer (Fetch, "extract a body").
 *
 * @see https://fetch.spec.whatwg.org/#concept-bodyinit-extract
 */
export function streamShared(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array> {
  let from = 0
  return new ReadableStream(
    {
      pull(controller) {
        const piece = bytes.subarray(from, (from += pieceBytes))
        if (piece.byteLength > 0) controller.enqueue(piece)
        else controller.close()
      },
    },
    { highWaterMark: 0 },
  )
}
