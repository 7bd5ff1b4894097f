import assert from 'node:assert/strict'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { isGolden } from '../../autostart/golden.fixture.ts'
import { desktopInRegistry } from './desktop-folder.ts'
import { saveShortcut, type ShortcutPlaces } from './save-shortcut.ts'

function placesOf(t: TestContext, platform: NodeJS.Platform = 'linux'): ShortcutPlaces {
  const home = mkdtempSync(join(tmpdir(), 'postern-shortcut-'))
  t.after(() => rmSync(home, { recursive: true }))
  mkdirSync(join(home, 'Desktop'))
  return {
    platform,
    home,
    configHome: join(home, '.config'),
    dataHome: join(home, '.local/share'),
    systemRoot: String.raw`C:\Windows`,
    program: ['/usr/bin/node', '/opt/postern.js'],
  }
}

const db = { id: 'db-1', name: 'Orders database', args: ['desktop', 'connect', 'db-1'] }

test('a shortcut stands on the desktop, may be started, and has its picture', async (t) => {
  const places = placesOf(t)
  const path = await saveShortcut(db, places)
  assert.equal(path, join(places.home, 'Desktop', 'Orders database.desktop'))
  assert.equal(statSync(path).mode & 0o777, 0o755)
  const text = readFileSync(path, 'utf8')
  isGolden('shortcut.desktop', text)
  const icon = join(places.dataHome, 'icons/hicolor/scalable/apps/postern-desktop.svg')
  assert.ok(existsSync(icon))
})

test('the same is saved in its place, another of that name beside it', async (t) => {
  const places = placesOf(t)
  const path = await saveShortcut(db, places)
  assert.equal(await saveShortcut(db, places), path)
  const other = await saveShortcut({ ...db, id: 'db-2' }, places)
  assert.equal(basename(other), 'Orders database (2).desktop')
  assert.equal(await saveShortcut(db, places), path)
  writeFileSync(join(places.home, 'Desktop', 'mine.desktop'), '[Desktop Entry]\n')
  const beside = await saveShortcut({ ...db, name: 'mine' }, places)
  assert.equal(basename(beside), 'mine (2).desktop')
})

test('a name says neither where a shortcut is nor what it starts', async (t) => {
  const places = placesOf(t)
  for (const name of [
    '../../.bashrc',
    '/etc/passwd',
    'a\nExec=evil',
    '\u202Egnp.exe',
    '..',
    '$(id)',
  ]) {
    const path = await saveShortcut({ ...db, name }, places)
    assert.equal(join(path, '..'), join(places.home, 'Desktop'), name)
    assert.deepEqual(readFileSync(path, 'utf8').match(/^(?:Exec|\[).*$/gm)?.length, 2, name)
  }
  assert.deepEqual(readdirSync(places.home).sort(), ['.local', 'Desktop'])
})

test('the desktop is where the person has it; without one it is among the applications', async (t) => {
  const places = placesOf(t)
  mkdirSync(places.configHome)
  mkdirSync(join(places.home, 'Schreibtisch'))
  const file = join(places.configHome, 'user-dirs.dirs')
  writeFileSync(file, 'XDG_DESKTOP_DIR="$HOME/Schreibtisch"\n')
  const path = await saveShortcut(db, places)
  assert.equal(path, join(places.home, 'Schreibtisch', 'Orders database.desktop'))
  for (const none of ['$HOME/', '$HOME/none']) {
    writeFileSync(file, `XDG_DESKTOP_DIR="${none}"\n`)
    const entry = join(places.dataHome, 'applications/postern-shortcut-db-1.desktop')
    assert.equal(await saveShortcut(db, places), entry)
  }
})

test('on macOS it is an application', async (t) => {
  const places = placesOf(t, 'darwin')
  const path = await saveShortcut(db, places)
  assert.equal(path, join(places.home, 'Desktop', 'Orders database.app'))
  const program = join(path, 'Contents/MacOS/start')
  assert.equal(statSync(program).mode & 0o777, 0o755)
  isGolden('shortcut-start.sh', readFileSync(program, 'utf8'))
  isGolden('shortcut-info.plist', readFileSync(join(path, 'Contents/Info.plist'), 'utf8'))
  assert.equal(await saveShortcut(db, places), path)
  mkdirSync(join(places.home, 'Desktop', 'mine.app'))
  const beside = await saveShortcut({ ...db, name: 'mine' }, places)
  assert.equal(basename(beside), 'mine (2).app')
})

test('without a desktop it says what to do', async (t) => {
  const places = placesOf(t, 'darwin')
  rmSync(join(places.home, 'Desktop'), { recursive: true })
  await assert.rejects(saveShortcut(db, places), { code: 'no-desktop' })
})

test('the desktop of Windows is where the registry says', () => {
  const printed = (value: string): string =>
    `\r\nHKEY_CURRENT_USER\\…\\User Shell Folders\r\n    Desktop    REG_EXPAND_SZ    ${value}\r\n\r\n`
  const home = String.raw`C:\Users\$& ada`
  const path = String.raw`%USERPROFILE%\OneDrive - Firm\Desktop`
  assert.equal(desktopInRegistry(printed(path), home), `${home}\\OneDrive - Firm\\Desktop`)
  assert.equal(desktopInRegistry(printed('D:\\Desk'), home), 'D:\\Desk')
  assert.equal(desktopInRegistry(printed(String.raw`%OTHER%\Desktop`), home), undefined)
  assert.equal(desktopInRegistry('ERROR: nothing', home), undefined)
})
