import assert from 'node:assert/strict'
import { chmod, copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { daemonUnit, type DaemonStart } from './daemon-unit.ts'
import { hostilePath, isGolden, plainProgram, upArgs } from './golden.fixture.ts'
import { runChecker } from './run-checker.fixture.ts'
import { isOwnText } from './written-by.ts'

const variables = { XDG_CONFIG_HOME: '/home/a b/50% $HOME/"x"' }
const plain: DaemonStart = { program: plainProgram, args: upArgs, variables: {} }

test('the unit of a daemon is the text that was agreed', () => {
  isGolden('daemon.service', daemonUnit(plain))
})

test('a path and a variable are themselves in a unit, whatever is in them', () => {
  const program = ['/opt/50% off $HOME/node', hostilePath]
  isGolden('daemon-hostile.service', daemonUnit({ ...plain, program, variables }))
  isGolden('daemon-shell.service', daemonUnit({ ...plain, program: [hostilePath] }))
})

test('a unit is told apart from one of somebody else', () => {
  assert.ok(isOwnText(daemonUnit(plain)))
  assert.ok(!isOwnText('[Unit]\nDescription=Postern Desktop\n'))
})

for (const program of ['/bin/node', '/50% $HOME/a b/`id`&é;#/node', hostilePath]) {
  test(`systemd finds nothing wrong with a unit for ${program}`, async (t: TestContext) => {
    const folder = await mkdtemp(join(tmpdir(), 'postern-unit-'))
    t.after(() => rm(folder, { recursive: true }))
    // It looks whether the program is there.
    const copy = join(folder, program)
    await mkdir(dirname(copy), { recursive: true })
    await copyFile('/bin/true', copy)
    await chmod(copy, 0o755)
    const path = join(folder, 'postern-desktop.service')
    await writeFile(path, daemonUnit({ program: [copy], args: upArgs, variables }))
    const args = ['verify', '--user', '--recursive-errors=yes', '--man=no', path]
    const found = await runChecker(t, 'systemd-analyze', args, { XDG_RUNTIME_DIR: folder })
    if (found === undefined) return
    assert.equal(found.stderr, '')
    assert.equal(found.code, 0)
  })
}
