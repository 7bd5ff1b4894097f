import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { ensurePagesBuilt } from '../e2e/pages-built.ts'

const build = join(import.meta.dirname, '..', '..', 'dist', 'web', 'desktop')
const maxFirstLoadBytes = 250 * 1024

test('the first load of the window is small, with its style and its first screen', () => {
  ensurePagesBuilt()
  const index = read('index.html')
  const named = [...index.matchAll(/(?:src|href)="\.\/(assets\/[^"]+\.(?:js|css|svg))"/g)]
  const files = new Set(named.map(([, name = '']) => name))
  assert.ok(files.size >= 3, [...files].join(' '))
  // Somebody without a connection is shown the first run, which comes in a file of its own.
  for (const name of firstRunOf([...files])) files.add(name)
  for (const name of files) for (const other of importsOf(name)) files.add(other)

  const bytes = ['index.html', ...files].map((name) => gzipSync(read(name)).length)
  const total = bytes.reduce((sum, length) => sum + length, 0)
  assert.ok(total > 50 * 1024, `only ${total} bytes: something is not counted`)
  assert.ok(total <= maxFirstLoadBytes, `${total} bytes in ${files.size} files`)
})

test('the window is installable: its manifest names icons that are there', () => {
  ensurePagesBuilt()
  const { icons, start_url, display } = JSON.parse(read('manifest.webmanifest')) as {
    icons: { src: string; sizes: string; purpose?: string }[]
    start_url: string
    display: string
  }
  assert.equal(start_url, '/')
  assert.equal(display, 'standalone')
  for (const { src, sizes } of icons) {
    const png = readFileSync(join(build, src))
    assert.equal(`${png.readUInt32BE(16)}x${png.readUInt32BE(20)}`, sizes, src)
  }
  assert.deepEqual(
    icons.map(({ sizes, purpose }) => `${sizes} ${purpose ?? 'any'}`),
    ['192x192 any', '512x512 any', '512x512 maskable'],
  )
})

/** What Vite loads before the chunk of the first run, that chunk included. */
function firstRunOf(names: readonly string[]): readonly string[] {
  for (const text of names.filter((name) => name.endsWith('.js')).map(read)) {
    const list = /\.f=(\[[^\]]+\])/.exec(text)?.[1]
    const wanted = /import\(`?"?\.\/first-run-[^)]+\),__vite__mapDeps\(\[([\d,]*)\]\)/.exec(
      text,
    )?.[1]
    if (list === undefined || wanted === undefined) continue
    const all = JSON.parse(list) as string[]
    return wanted.split(',').map((index) => join('assets', all[Number(index)] ?? ''))
  }
  throw new Error('no file loads the first run')
}

function importsOf(name: string): readonly string[] {
  if (!name.endsWith('.js')) return []
  const found = read(name).matchAll(/(?:from|import)\s*["'`]\.\/([\w.-]+\.js)["'`]/g)
  return [...found]
    .map(([, other = '']) => `assets/${other}`)
    .filter((path) => existsSync(join(build, path)))
}

function read(name: string): string {
  return readFileSync(join(build, name), 'utf8')
}
