import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runProgramSync } from '../../program.fixture.ts'
import { sshCall } from './ssh-call.ts'

const target = { host: 'build.example.com', port: 22 }
const program = ["/opt/it's 100% (mine)/node", '/opt/postern.js']
const place = { target, program, tcpOptions: ['--gateway', 'https://gw.example.com'], user: 'ada' }

test('OpenSSH and a shell read the command back as it was meant', () => {
  const { args } = sshCall('ssh', { ...place, args: [] })
  const { stdout } = runProgramSync('ssh', ['-G', '-F', 'none', ...args])
  const found = new Map(
    stdout.split('\n').map((line) => [line.split(' ')[0], line.replace(/^\S+ /, '')]),
  )
  assert.deepEqual(
    [found.get('user'), found.get('port'), found.get('hostname')],
    ['ada', '22', 'build.example.com'],
  )
  const command = found.get('proxycommand')?.replaceAll('%%', '%') ?? ''
  const words = runProgramSync('sh', ['-c', `printf '%s\\n' ${command}`])
    .stdout.trimEnd()
    .split('\n')
  const expected = [...program, 'tcp', ...place.tcpOptions, '--listen', '-', 'build.example.com:22']
  assert.deepEqual(words, expected)
})

test("what is written for ssh stands behind the host, and sftp's before it", () => {
  const ssh = sshCall('ssh', { ...place, args: ['-L', '8080:localhost:80', 'uptime'] }).args
  assert.deepEqual(ssh.slice(-6), [
    '-p',
    '22',
    'build.example.com',
    '-L',
    '8080:localhost:80',
    'uptime',
  ])
  const sftp = sshCall('sftp', {
    ...place,
    target: { host: '::1', port: 2222 },
    args: ['-b', 'x'],
  }).args
  assert.deepEqual(sftp.slice(-5), ['-P', '2222', '-b', 'x', '[::1]'])
})
