import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkAccount, chooseTool, toolCall, type Account, type ToolName } from './tools.ts'

const local = { host: '127.9.8.7', port: 5432 }

test('the port names the tool, else what the host is called, else nobody does', () => {
  const chosen = (host: string, port: number, asked?: string): ToolName =>
    chooseTool(asked, { host, port }).name
  assert.equal(chosen('build.example.com', 22), 'ssh')
  assert.equal(chosen('db.example.com', 5432), 'psql')
  assert.equal(chosen('mysql-1.example.com', 13_306), 'mysql')
  assert.equal(chosen('redis.example.com', 22), 'ssh')
  assert.equal(chosen('db.example.com', 15_432, 'psql'), 'psql')
  assert.equal(chosen('shop.example.com', 3306, 'mariadb'), 'mariadb')
  for (const asked of [undefined, 'vim', '-x', 'toString'])
    assert.throws(() => chosen('wiki.example.com', 9999, asked), { code: 'tool-unknown' })
})

test('each program is told where the service is, as whom, and then what was written', () => {
  const words = (port: number, account: Account = {}): readonly string[] => {
    const target = { host: 'it.example.com', port }
    const args = ['-c', '$(id)']
    return toolCall(chooseTool(undefined, target), { local, target, account, args }).args
  }
  const all = { user: 'ada', database: 'shop' }
  assert.deepEqual(words(5432), ['--host=it.example.com', '--port=5432', '-c', '$(id)'])
  assert.deepEqual(words(5432, all).slice(2, 4), ['--username=ada', '--dbname=shop'])
  assert.deepEqual(
    words(3306, all).join(' '),
    '--host=127.9.8.7 --port=5432 --user=ada --database=shop -c $(id)',
  )
  assert.deepEqual(
    words(6379, { user: 'ada', database: '3' }).join(' '),
    '-h 127.9.8.7 -p 5432 --user ada -n 3 -c $(id)',
  )
  assert.deepEqual(
    words(27_017, { database: 'a/b' })[0],
    'mongodb://127.9.8.7:5432/a%2Fb?directConnection=true',
  )
  assert.deepEqual(words(1433, all).slice(0, 6), [
    '-S',
    'tcp:127.9.8.7,5432',
    '-U',
    'ada',
    '-d',
    'shop',
  ])
})

test('psql looks up the name, connects to the address, and follows no service file', () => {
  const target = { host: 'db.example.com', port: 5432 }
  const { env } = toolCall(chooseTool(undefined, target), { local, target, account: {}, args: [] })
  assert.deepEqual(env, { PGHOSTADDR: '127.9.8.7', PGSERVICE: undefined })
})

test('an account is no option, and one line', () => {
  for (const text of ['-x', 'a\nb', '', 'a\0'])
    for (const account of [{ user: text }, { database: text }])
      assert.throws(() => checkAccount(account), JSON.stringify(account))
  assert.deepEqual(checkAccount({ user: 'CORP\\ada lovelace' }).user, 'CORP\\ada lovelace')
})
