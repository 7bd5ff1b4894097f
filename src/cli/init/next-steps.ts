import { dirname, join } from 'node:path'
import { isLoopbackHost } from '../../address.ts'
import { quote } from '../../shell.ts'
import { originOf, type InitAnswers } from './answers.ts'
import { initFiles, pageOf } from './config-text.ts'

/** What is left to do, for whoever has answered the questions. */
export function nextSteps(path: string, answers: InitAnswers): string {
  const { host, email, certificates, signIn, service } = answers
  const origin = originOf(answers)
  const file = quote(path)
  const trust =
    certificates.kind === 'local' ? ` --ca-file ${quote(join(dirname(path), initFiles.ca))}` : ''
  const isOwn = signIn.provider === 'passkeys'
  const steps = [
    ...(isOwn
      ? []
      : [
          `At the provider (${pageOf(signIn.provider)}), register this redirect address:\n       ${origin}/oauth2/callback`,
        ]),
    ...(isLoopbackHost(host)
      ? []
      : [
          certificates.kind === 'acme'
            ? `Have a DNS record of "${host}" lead to this machine, with ports 443 and 80 open to the Internet.`
            : `Have a DNS record of "${host}" lead to this machine.`,
        ]),
    `See that all of it works, and start it:\n       postern gateway check --online ${file}\n       postern gateway -c ${file}`,
    ...(isOwn
      ? [
          `Invite yourself, beside the running gateway; open the link that is printed:\n       postern gateway accounts invite -c ${file} ${quote(email)}`,
        ]
      : []),
    `Sign in from the machine that you work on${service === undefined ? '' : ', and use the service'}:\n       postern login ${origin}${trust}${service === undefined ? '' : `\n       postern connect ${service.name}`}`,
  ]
  return `Next:\n${steps.map((step, index) => `  ${index + 1}. ${step}`).join('\n')}\n`
}
