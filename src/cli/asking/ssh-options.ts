import { resolve } from 'node:path'
import type { ChosenGateway } from '../../client/gateways/choose-gateway.ts'
import { SystemError } from '../../errors.ts'
import type { AskOptions, TrustFlags } from './ask-options.ts'

// What commands that write a configuration of OpenSSH have in common.

/**
 * The account that is written as `User`.
 *
 * @throws SystemError `invalid-user`
 */
export function checkUser(user: string | undefined): string | undefined {
  if (user === undefined || /^[\p{L}\p{N}_][\p{L}\p{N}._@+\\-]*\$?$/u.test(user)) return user
  throw new SystemError('invalid-user', `"${user}" is not the name of an account`, {
    hint: 'write one word, such as "--user ada"',
  })
}

/**
 * How the gateway was reached now, for each `ssh` later, which names it by its own address: paths that hold wherever
 * that runs.
 */
export function tcpOptionsOf(
  options: TrustFlags & Pick<AskOptions, 'browserCmd'>,
  { alias }: Pick<ChosenGateway, 'alias'>,
): readonly string[] {
  // By another address of it nobody was believed whom these name (`trustFor`).
  const isOwn = alias === undefined
  const paths = {
    '--ca-file': isOwn ? (options.caFile ?? options.alternateCaPath) : undefined,
    '--client-cert': options.clientCert,
    '--client-key': options.clientKey,
  }
  const words = Object.entries(paths).flatMap(([name, path]) =>
    path === undefined ? [] : [name, resolve(path)],
  )
  if (isOwn && options.caCert !== undefined) words.push('--ca-cert', options.caCert)
  if (options.disableTlsVerification === true) words.push('--disable-tls-verification')
  if (options.browserCmd !== undefined) words.push('--browser-cmd', options.browserCmd)
  return words
}

/**
 * Words that can stand in one line.
 *
 * @throws SystemError `invalid-path`
 */
export function checkWords(words: readonly string[]): readonly string[] {
  const broken = words.find((word) => /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u.test(word))
  if (broken === undefined) return words
  throw new SystemError('invalid-path', `${JSON.stringify(broken)} cannot stand in a line`, {
    hint: 'rename the file: its path has a control character',
  })
}
