import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runProgram, runProgramSync, spawnProgram } from './program.fixture.ts'

const skip = process.platform === 'win32' ? 'needs /bin/sh' : false
const fixture = JSON.stringify(new URL('program.fixture.ts', import.meta.url).href)
const askTerminal = 'exec </dev/tty && echo asked'

test('a program is given what it needs to run, and nothing of whoever runs the tests', async () => {
  const foreign = ['FORCE_COLOR', 'HTTPS_PROXY', 'PGHOST', 'POSTERN_SERVICE_ACCOUNT', 'CI']
  const before = foreign.map((name) => [name, process.env[name]] as const)
  for (const name of foreign) process.env[name] = '1'
  try {
    const print = 'console.log(JSON.stringify(process.env))'
    const { stdout, stderr } = await runProgram(process.execPath, ['-e', print], {
      env: { MORE: 'yes', LESS: undefined },
    })
    const seen = JSON.parse(stdout) as Record<string, string>
    assert.equal(seen['MORE'], 'yes')
    assert.equal(seen['PATH'], process.env['PATH'])
    assert.notEqual(seen['HOME'], process.env['HOME'])
    assert.deepEqual(
      Object.keys(seen).filter((name) => foreign.includes(name) || name === 'LESS'),
      [],
    )
    assert.equal(stderr, '')
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  }
})

test('a program has no terminal that it could ask', { skip }, async () => {
  // `script` gives the starting process a terminal; CI runs all tests that way.
  const start = `import { runProgram } from ${fixture}
    process.stdout.write((await runProgram('/bin/sh', ['-c', '${askTerminal}'])).stdout + 'answered')`
  const inTerminal = `${askTerminal}; exec '${process.execPath}' --input-type=module -e "$START"`
  const found = runProgramSync('script', ['-qec', inTerminal, '/dev/null'], {
    env: { START: start, SHELL: '/bin/sh' },
  })
  assert.equal(found.stdout.replaceAll('\r', ''), 'asked\nanswered')
  const { stdout } = runProgramSync('/bin/sh', ['-c', askTerminal])
  assert.equal(stdout, '')
})

test('programs end with the process that started them, even a killed one', async (t) => {
  if (skip) return t.skip(skip)
  // Deaf to SIGTERM, with a child of its own. All hold the output, which ends when all are gone. Bun writes to a pipe, by
  // which a program is noted, only when a step is over.
  const deaf = `trap '' TERM; sleep 300 & echo deaf; wait; sleep 300`
  const start = `import { spawnProgram } from ${fixture}
    spawnProgram('/bin/sh', ['-c', ${JSON.stringify(deaf)}], { stdio: ['ignore', 'inherit', 'inherit'] })
    setImmediate(() => process.stdout.write('started'))`
  const starter = spawnProgram(process.execPath, ['--input-type=module', '-e', start])
  let said = ''
  for await (const chunk of starter.stdout) {
    said += String(chunk)
    if (said.includes('started') && said.includes('deaf')) starter.kill('SIGKILL')
  }
  return undefined
})

test('a program that cannot be started is an error, and one that fails an exit code', async () => {
  await assert.rejects(runProgram('/nowhere/program', []), { code: 'ENOENT' })
  assert.throws(() => runProgramSync('/nowhere/program', []), { code: 'ENOENT' })
  const { code, stderr } = await runProgram(process.execPath, ['-e', 'throw new Error("no")'])
  assert.equal(code, 1)
  assert.match(stderr, /no/)
})
