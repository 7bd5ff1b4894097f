import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { sshCommandWord, sshConfigPath } from './words.ts'

describe('a word of a command in ssh_config', () => {
  test('is plain for every shell: a path with anything else is a file URL', () => {
    assert.equal(sshCommandWord('/etc/ca.pem'), '/etc/ca.pem')
    assert.equal(sshCommandWord('https://gw.site.com:8443'), 'https://gw.site.com:8443')
    assert.equal(sshCommandWord('/a/100%'), '/a/100%%')
    assert.equal(
      sshCommandWord(`/it's $(x) "ü"`),
      'file:///it%%27s%%20%%24%%28x%%29%%20%%22%%C3%%BC%%22',
    )
  })

  test('that is no path and not plain is refused', () => {
    for (const word of ['two words', '$HOME', 'a;b', ''])
      assert.throws(() => sshCommandWord(word), { code: 'invalid-path' })
  })
})

describe('a path of ssh_config', () => {
  test('is quoted, with what OpenSSH looks at doubled or escaped', () => {
    assert.equal(sshConfigPath('/home/ada/100% "b\\', 'linux'), '"/home/ada/100%% \\"b\\\\"')
  })

  test('of Windows has slashes, which begin no escape', () => {
    const path = 'C:\\Users\\Ada Lovelace\\.postern\\h-ssh-key'
    assert.equal(sshConfigPath(path, 'win32'), '"C:/Users/Ada Lovelace/.postern/h-ssh-key"')
  })

  test('that would be replaced or break the line is refused', () => {
    for (const path of ['/home/${USER}/x', '/home/a\nProxyCommand x'])
      assert.throws(() => sshConfigPath(path), { code: 'invalid-path' })
  })
})
