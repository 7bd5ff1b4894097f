import assert from 'node:assert/strict'
import { test } from 'node:test'

import { runProgramSync } from '../program.fixture.ts'
import { collectLog, fixedClock } from './log.fixture.ts'
import { createLog } from './log.ts'

const skipWithoutDevFull = process.platform === 'linux' ? false : 'needs /dev/full'

test('a line is compact JSON: level, service, fields, time, message', () => {
  const { log, lines } = collectLog()
  log.service('gateway').info('listening', { address: '127.0.0.1:443', routes: 2 })
  assert.deepEqual(lines, [
    '{"level":"info","service":"gateway","address":"127.0.0.1:443","routes":2,' +
      '"time":"2026-08-20T10:00:02.000Z","message":"listening"}\n',
  ])
})

test('a value under a secret name never reaches the sink', () => {
  const { log, lines } = collectLog()
  log.service('gateway').error('sign-in failed', {
    authorization: 'Bearer s3cr3t',
    nested: { refreshToken: 's3cr3t', list: [{ cookie: 's3cr3t' }] },
    error: new Error('refused'),
  })
  assert.doesNotMatch(lines.join(''), /s3cr3t/)
  assert.match(lines.join(''), /"error":"refused"/)
})

test('a changed level holds for loggers that were made before', () => {
  const { log, lines } = collectLog()
  const logger = log.service('gateway')
  logger.debug('hidden')
  log.setLevel('debug')
  logger.debug('shown')
  log.setLevel('warn')
  logger.info('hidden again')
  assert.deepEqual(
    lines.map((line) => (JSON.parse(line) as { message: string }).message),
    ['shown'],
  )
})

test('a message is text, whatever it contains', () => {
  const { log, lines } = collectLog()
  log.service('gateway').warn('100%d done "quoted"\nnext', { unused: undefined })
  const [line = ''] = lines
  assert.equal((JSON.parse(line) as { message: string }).message, '100%d done "quoted"\nnext')
  assert.equal(line.indexOf('\n'), line.length - 1)
})

test('without a sink, lines are on standard output when the process ends at once', () => {
  const script = `
    import { createLog } from ${JSON.stringify(new URL('log.ts', import.meta.url).href)}
    import { exitProcess } from ${JSON.stringify(new URL('../standard-output.ts', import.meta.url).href)}
    createLog().service('gateway').info('last words')
    await exitProcess(3)
  `
  const child = runProgramSync(process.execPath, ['--input-type=module', '-e', script])
  assert.equal(child.status, 3, child.stderr)
  assert.match(child.stdout, /^\{"level":"info",.*"message":"last words"\}\n$/)
})

test(
  'output that takes no more lines does not end the process',
  { skip: skipWithoutDevFull },
  () => {
    const script = `
    import { createLog } from ${JSON.stringify(new URL('log.ts', import.meta.url).href)}
    const logger = createLog().service('gateway')
    for (let i = 0; i < 200; i++) logger.info('x'.repeat(1000))
    process.stderr.write('alive')
  `
    // A reader that went away (EPIPE), and a full disk (ENOSPC).
    for (const output of ['| head -n 1 >/dev/null', '>/dev/full']) {
      const command = `"$0" --input-type=module -e "$1" ${output}`
      const child = runProgramSync('sh', ['-c', command, process.execPath, script])
      assert.equal(child.stderr, 'alive', output)
    }
  },
)

test('two logs do not share a level', () => {
  const first = collectLog()
  const second = createLog({ sink: { write: () => undefined }, level: 'error', clock: fixedClock })
  second.setLevel('debug')
  first.log.service('a').debug('hidden')
  assert.deepEqual(first.lines, [])
})

test('a line that is read on a terminal moves no cursor, and keeps its values', () => {
  const { log, lines } = collectLog()
  const hostile = 'x\u001B[2J\u009B31m\u202Ey\u2028\u007F\uD800'
  log.service('gateway').warn(hostile, { 'user-agent': hostile, [hostile]: 1 })
  const [line = ''] = lines
  assert.doesNotMatch(line.trimEnd(), /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u)
  const parsed = JSON.parse(line) as Record<string, unknown>
  assert.equal(parsed['user-agent'], hostile)
  assert.equal(parsed['message'], hostile)
})
