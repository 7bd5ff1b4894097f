import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { watch } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { desktopEntry, type DesktopEntry } from './desktop-entry.ts'
import { hostilePath, isGolden, plainProgram } from './golden.fixture.ts'
import { runChecker } from './run-checker.fixture.ts'
import { isOwnText } from './written-by.ts'

const entries: Readonly<Record<string, DesktopEntry>> = {
  'menu.desktop': {
    name: 'Postern',
    comment: 'Connections through your company gateway',
    command: [...plainProgram, 'desktop'],
    icon: 'postern-desktop',
    categories: ['Network'],
    keywords: ['tunnel', 'ssh; and more'],
  },
  'hostile.desktop': {
    name: ' [x]\nExec=evil; $HOME %f \\ é',
    comment: 'Connect "it"\tnow',
    command: [hostilePath, 'up', 'a b', '', '%f', '~', 'x=y', 'line\nfeed'],
    icon: '/home/a b/icon.svg',
    id: 'db-1',
  },
  'equals.desktop': {
    name: 'Postern',
    comment: 'Connect',
    command: ['/opt/a=b/node', 'up'],
    icon: 'postern-desktop',
  },
}

for (const [name, entry] of Object.entries(entries)) {
  test(`${name} is the text that was agreed`, () => {
    const text = desktopEntry(entry)
    isGolden(name, text)
    assert.ok(isOwnText(text, entry.id))
    assert.ok(!isOwnText(text, 'another'))
  })

  test(`the checker of freedesktop.org finds nothing wrong with ${name}`, async (t: TestContext) => {
    const folder = await mkdtemp(join(tmpdir(), 'postern-entry-'))
    t.after(() => rm(folder, { recursive: true }))
    const path = join(folder, name)
    await writeFile(path, desktopEntry(entry))
    const found = await runChecker(t, 'desktop-file-validate', [path])
    if (found === undefined) return
    assert.equal(found.stdout + found.stderr, '')
    assert.equal(found.code, 0)
  })
}

test('an entry is not written with what such a file cannot have', () => {
  const entry = { name: 'a\u0007b', comment: '', command: ['/bin/true'], icon: 'x' }
  assert.throws(() => desktopEntry(entry), RangeError)
})

test(
  'whoever starts an entry starts the program with its arguments',
  { timeout: 60_000 },
  async (t: TestContext) => {
    const folder = await mkdtemp(join(tmpdir(), 'postern-entry-'))
    t.after(() => rm(folder, { recursive: true }))
    const path = join(folder, 'a.desktop')
    const out = join(folder, 'out')
    const args = ['a b', '', '%f', '~', 'x=y', '$HOME', '`id`', '\\', '"', "it's", 'é;&|#(*)']
    const script = 'out=$1; shift; printf "<%s>" "$@" >"$out"'
    const command = ['/bin/sh', '-c', script, 'sh', out, ...args]
    await writeFile(path, desktopEntry({ name: 'x', comment: '', command, icon: 'x' }))
    const env = { XDG_DATA_HOME: folder, XDG_RUNTIME_DIR: folder }
    const found = await runChecker(t, 'gio', ['launch', path], env)
    if (found === undefined) return
    assert.equal(found.code, 0, found.stderr)
    // It does not wait for what it started.
    const wanted = args.map((it) => `<${it}>`).join('')
    assert.equal(await readWhenWritten(out, wanted.length), wanted)
  },
)

/** The text of a file, once it is as long as it is to be. */
async function readWhenWritten(path: string, length: number): Promise<string> {
  const changed = new EventEmitter()
  const watcher = watch(dirname(path), () => changed.emit('change'))
  try {
    for (;;) {
      const next = once(changed, 'change')
      const text = await readFile(path, 'utf8').catch(() => '')
      if (text.length >= length) return text
      await next
    }
  } finally {
    watcher.close()
  }
}
