import assert from 'node:assert/strict'
import {
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { posternCommand } from '../postern-program.ts'
import { createSandbox, runPostern, startPostern } from './program.ts'

/** What begins the daemon and the window: the program that was asked, by its full name. */
const own = posternCommand().flat().join(' ')
const startsDaemon = `ExecStart=${own} up --foreground`
const startsDesktop = `Exec=${own} desktop`

const unit = '.config/systemd/user/postern-desktop.service'
const entry = '.local/share/applications/postern-desktop.desktop'
const icon = '.local/share/icons/hicolor/scalable/apps/postern-desktop.svg'
const wish = '.config/systemd/user/default.target.wants/postern-desktop.service'

/** A home of its own, of which no manager knows. */
async function createHome(t: TestContext) {
  const sandbox = await createSandbox()
  t.after(() => sandbox[Symbol.asyncDispose]())
  const home = sandbox.path
  return {
    home,
    run: (...args: string[]) =>
      runPostern(['desktop', ...args], { env: { HOME: home, XDG_RUNTIME_DIR: join(home, 'run') } }),
    files: () =>
      readdirSync(home, { recursive: true, withFileTypes: true })
        .filter((it) => !it.isDirectory())
        .map((it) => join(it.parentPath, it.name).slice(home.length + 1))
        .filter((it) => it !== wish)
        .sort(),
    read: (path: string) => readFileSync(join(home, path), 'utf8'),
    put(path: string, text: string) {
      mkdirSync(dirname(join(home, path)), { recursive: true })
      writeFileSync(join(home, path), text)
    },
  }
}

describe('postern desktop install', { skip: process.platform !== 'linux' }, () => {
  test('writes three files, again without a change, and uninstall removes just them', async (t) => {
    const { home, run, files, read, put } = await createHome(t)
    put('.local/share/applications/other.desktop', '[Desktop Entry]\n')
    const first = await run('install')
    assert.equal(first.code, 0, first.stderr)
    assert.equal(first.stderr.match(/^wrote "/gm)?.length, 3)
    assert.deepEqual(files(), [unit, '.local/share/applications/other.desktop', entry, icon])
    assert.ok(read(entry).split('\n').includes(startsDesktop))
    assert.ok(read(unit).split('\n').includes(startsDaemon))
    const made = statSync(join(home, entry)).mtimeMs

    const second = await run('install')
    assert.equal(second.stderr.match(/is as it should be$/gm)?.length, 3)
    assert.equal(statSync(join(home, entry)).mtimeMs, made)

    const end = await run('uninstall')
    assert.equal(end.code, 0, end.stderr)
    assert.deepEqual(files(), ['.local/share/applications/other.desktop'])
    assert.match((await run('uninstall')).stderr, /nothing was installed for this user/)
  })

  test('replaces nothing that is not ours, and then writes nothing at all', async (t) => {
    const { run, files, put, read } = await createHome(t)
    put(unit, '[Unit]\nDescription=mine\n')
    const { code, stderr } = await run('install')
    assert.equal(code, 2)
    assert.match(
      stderr,
      /postern-desktop\.service" was not written by postern\n {2}hint: move it away/,
    )
    assert.deepEqual(files(), [unit])
    assert.equal((await run('uninstall')).code, 0)
    assert.equal(read(unit), '[Unit]\nDescription=mine\n')
  })

  test('leaves out what starts with the session, also when it was there', async (t) => {
    const { home, run, files } = await createHome(t)
    assert.equal((await run('install')).code, 0)
    mkdirSync(dirname(join(home, wish)), { recursive: true })
    try {
      symlinkSync(join(home, unit), join(home, wish))
    } catch {
      // systemctl has made it, without a manager.
    }
    const { code, stderr } = await run('install', '--no-autostart')
    assert.equal(code, 0, stderr)
    assert.deepEqual(files(), [entry, icon])
    assert.equal(lstatSync(join(home, wish), { throwIfNoEntry: false }), undefined)
  })

  test('uninstall stops the daemon, also one that no session has started', async (t) => {
    const { home, run } = await createHome(t)
    assert.equal((await run('install')).code, 0)
    const env = { HOME: home, DBUS_SESSION_BUS_ADDRESS: 'disabled:' }
    const daemon = startPostern(['up', '--daemon'], { env })
    t.after(() => daemon.child.kill('SIGKILL'))
    await daemon.untilStderr(/"ready"/)
    const { code, stderr } = await run('uninstall')
    assert.equal(code, 0, stderr)
    assert.match(stderr, new RegExp(`^the daemon \\(process ${daemon.child.pid}\\) ends$`, 'm'))
    assert.equal((await daemon.ended).code, 0)
  })

  test('says and prints what it would do, and does nothing', async (t) => {
    const { run, files } = await createHome(t)
    const dry = await run('install', '--dry-run')
    assert.equal(dry.stderr.match(/^would write "/gm)?.length, 3)
    const printed = await run('install', '--print')
    assert.match(
      printed.stdout,
      /postern-desktop\.service:\n\n# Written by[^]*WantedBy=default\.target/,
    )
    assert.deepEqual(files(), [])
  })

  test('is nothing for sudo', async (t) => {
    if (process.getuid?.() !== 0) return t.skip('not root')
    const { home, files } = await createHome(t)
    const env = { HOME: home, SUDO_UID: '1000' }
    const { code, stderr } = await runPostern(['desktop', 'install'], { env })
    assert.equal(code, 2)
    assert.match(stderr, /hint: run it without "sudo"/)
    assert.deepEqual(files(), [])
  })
})
