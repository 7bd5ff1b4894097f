import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { isGolden } from '../../autostart/golden.fixture.ts'
import { runChecker } from '../../autostart/run-checker.fixture.ts'
import { isOwnText } from '../../autostart/written-by.ts'
import { fileOfStart, planInstall, requireStartable } from './install-plan.ts'
import { entryPlaces } from './entry-places.ts'

const program = ['/opt/node', '/opt/postern.js']
const paths = (autostart: boolean, ...[env, platform, home]: Parameters<typeof entryPlaces>) =>
  planInstall(entryPlaces(env, platform, home), { program, autostart }).files.map(
    ({ path }) => path,
  )

test('on Linux it is an icon, a menu entry and a unit of the user', () => {
  const files = [
    '/home/ada/.local/share/icons/hicolor/scalable/apps/postern-desktop.svg',
    '/home/ada/.local/share/applications/postern-desktop.desktop',
    '/home/ada/.config/systemd/user/postern-desktop.service',
  ]
  assert.deepEqual(paths(true, {}, 'linux', '/home/ada'), files)
  assert.deepEqual(paths(false, {}, 'linux', '/home/ada'), files.slice(0, 2))
})

test('the directories of the environment are used, and told to the daemon; relative ones are not', () => {
  const env = {
    XDG_CONFIG_HOME: '/c 1',
    XDG_DATA_HOME: 'data',
    XDG_CACHE_HOME: '/cache',
    XDG_STATE_HOME: '',
    HTTPS_PROXY: 'http://user:secret@proxy',
  }
  const { files } = planInstall(entryPlaces(env, 'linux', '/h'), { program, autostart: true })
  const unit = files.at(-1)
  assert.equal(unit?.path, '/c 1/systemd/user/postern-desktop.service')
  assert.equal(files[1]?.path, '/h/.local/share/applications/postern-desktop.desktop')
  assert.match(
    unit.text,
    /^Environment="XDG_CONFIG_HOME=\/c 1"\nEnvironment=XDG_CACHE_HOME=\/cache\nR/m,
  )
  assert.ok(!unit.text.includes('secret'))
})

test('on macOS it is an application and an agent', () => {
  assert.deepEqual(paths(true, {}, 'darwin', '/Users/ada'), [
    '/Users/ada/Applications/Postern.app/Contents/Info.plist',
    '/Users/ada/Applications/Postern.app/Contents/MacOS/start',
    '/Users/ada/Library/LaunchAgents/postern.desktop.plist',
  ])
})

test('on Windows it is a script in the menu and a value of the registry', () => {
  const env = { APPDATA: String.raw`C:\Users\ada\AppData\Roaming`, SystemRoot: String.raw`D:\W` }
  const places = entryPlaces(env, 'win32', String.raw`C:\Users\ada`)
  const { files, start } = planInstall(places, { program, autostart: true })
  const menu = String.raw`C:\Users\ada\AppData\Roaming\Microsoft\Windows\Start Menu\Programs\Postern.cmd`
  assert.deepEqual(
    files.map(({ path }) => path),
    [menu],
  )
  const line = String.raw`D:\W\System32\conhost.exe --headless /opt/node /opt/postern.js up --foreground`
  assert.deepEqual(start, { kind: 'windows', line })
  assert.equal(fileOfStart(start), undefined)
  requireStartable(start)
  assert.throws(() => requireStartable({ kind: 'windows', line: 'x'.repeat(261) }), {
    code: 'entry-impossible',
  })
})

test('what is installed is the texts that were agreed', () => {
  const homes = { linux: '/home/ada', darwin: '/Users/ada', win32: String.raw`C:\Users\ada` }
  for (const platform of ['linux', 'darwin', 'win32'] as const) {
    const places = entryPlaces({}, platform, homes[platform])
    const { files, start } = planInstall(places, { program, autostart: true })
    const texts = files.map(({ path, text, mode }) => `== ${path} ${mode.toString(8)}\n${text}`)
    const line = start?.kind === 'windows' ? [`== ${start.kind}\n${start.line}\n`] : []
    isGolden(`installed-${platform}.txt`, [...texts, ...line].join('').replaceAll('\r', ''))
  }
})

test('the checker of freedesktop.org finds nothing wrong with the menu entry', async (t) => {
  const { files } = planInstall(entryPlaces({}, 'linux', '/h'), { program, autostart: true })
  const folder = await mkdtemp(join(tmpdir(), 'postern-menu-'))
  t.after(() => rm(folder, { recursive: true }))
  const path = join(folder, 'postern-desktop.desktop')
  await writeFile(path, files.find((it) => it.path.endsWith('.desktop'))?.text ?? '')
  const found = await runChecker(t, 'desktop-file-validate', [path])
  if (found !== undefined) assert.equal(found.stdout + found.stderr, '')
})

test('each file says whose it is, or could not be removed again', () => {
  for (const platform of ['linux', 'darwin', 'win32'] as const) {
    const places = entryPlaces({}, platform, '/h')
    for (const { path, text } of planInstall(places, { program, autostart: true }).files)
      assert.ok(isOwnText(text), path)
  }
})

test('a path that a file cannot have is said in words', () => {
  const places = entryPlaces({}, 'linux', '/h')
  const bad = { program: ['/opt/\u0001/node'], autostart: false }
  assert.throws(() => planInstall(places, bad), { code: 'entry-impossible' })
})
