import assert from 'node:assert/strict'
import { chown, lchown, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { posternCommand } from '../postern-program.ts'
import { runProgram, type Ended } from '../../src/program.fixture.ts'

// What stands in the file besides is wrong, as while somebody edits it: these commands ask for nothing else of it.
let folder: string

before(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'postern-here-')))
  await writeFile(join(folder, 'postern.yaml'), 'state_directory: mine\ncookie_expire: 14d\n')
  await writeFile(join(folder, 'other.yaml'), 'state_directory: theirs\n')
  await writeFile(join(folder, 'wrong.yaml'), 'state_directory: [x]\n')
})

after(() => rm(folder, { recursive: true, force: true }))

function run(...args: readonly string[]): Promise<Ended> {
  return runProgram(...posternCommand(...args), { cwd: folder })
}

describe('a command about a running gateway', { concurrency: 2 }, () => {
  const commands = [
    'gateway sessions list',
    'gateway tunnels list',
    'gateway connectors list',
    'gateway publishers list',
    'gateway requests list',
    'gateway blocks list',
    'gateway keys list',
    'gateway ssh-ca',
    'gateway audit list',
    'service-account list',
    'admin sessions list',
    'audit key',
    'export',
  ]
  for (const command of commands) {
    test(`${command} finds the postern.yaml that is here`, async () => {
      const { code, stderr } = await run(...command.split(' '))
      assert.equal(code, 8, stderr)
      assert.ok(stderr.includes(join(folder, 'mine')), stderr)
    })
  }

  test('takes another file, or a directory, where one is named', async () => {
    const other = await run('gateway', 'sessions', 'list', '-c', 'other.yaml')
    assert.ok(other.stderr.includes(join(folder, 'theirs')), other.stderr)
    const named = await run(
      'gateway',
      'sessions',
      'list',
      '--state-directory',
      join(folder, 'third'),
    )
    assert.ok(named.stderr.includes(join(folder, 'third')), named.stderr)
  })

  test('says what is wrong with the file about that, and where there is none', async () => {
    const wrong = await run('gateway', 'sessions', 'list', '-c', 'wrong.yaml')
    assert.equal(wrong.code, 2)
    assert.match(wrong.stderr, /wrong\.yaml:1:18: state_directory: must be a path, not a list/)
    const missing = await run('gateway', 'sessions', 'list', '-c', 'none.yaml')
    assert.equal(missing.code, 2)
    assert.match(missing.stderr, /none\.yaml: cannot read [^]*--state-directory/)
  })

  const isRoot = process.getuid?.() === 0
  const skip = !isRoot && 'only root gives files to others'
  test('takes no postern.yaml of another user but by its name', { skip }, async () => {
    const theirs = await mkdtemp(join(tmpdir(), 'postern-theirs-'))
    try {
      const list = (env: Record<string, string> = {}, ...named: readonly string[]) =>
        runProgram(...posternCommand('gateway', 'sessions', 'list', ...named), { cwd: theirs, env })
      const path = join(theirs, 'postern.yaml')
      await writeFile(path, 'state_directory: mine\n')
      await chown(path, 12_345, 12_345)
      const { code, stderr } = await list()
      assert.equal(code, 2)
      assert.match(stderr, /"postern\.yaml" here belongs to another user[^]*name it by -c/)
      assert.equal((await list({}, '-c', 'postern.yaml')).code, 8)
      assert.equal((await list({ SUDO_UID: '12345' })).code, 8)
      await rm(path)
      await symlink(join(folder, 'postern.yaml'), path)
      await lchown(path, 12_345, 12_345)
      assert.equal((await list()).code, 2)
    } finally {
      await rm(theirs, { recursive: true, force: true })
    }
  })
})
