import { Command } from 'commander'
import { exitCodeLines, type ExitWith } from '../process/exit-codes.ts'
import { withSignIn } from './sign-in-options.ts'
import type { SshConfigFlags, SshGenOptions } from './ssh-gen-run.ts'

const genExamples = `
Examples:
  # a certificate for the sshd of an application, where its gateway makes some
  postern access ssh-gen --hostname ssh.site.com

  # what it is used by: lines for ~/.ssh/config that call it
  postern access ssh-config --hostname ssh.site.com --short-lived-cert

Exit codes:
${exitCodeLines(['ok', 'usage', 'signIn', 'denied', 'noRoute', 'gateway', 'system'])}
`

const configExamples = `
Examples:
  # "ssh ssh.site.com" with the keys that you have
  postern access ssh-config --hostname ssh.site.com >> ~/.ssh/config

  # with short-lived certificates of the gateway, as the account "ada"
  postern access ssh-config --hostname ssh.site.com \\
    --short-lived-cert --user ada >> ~/.ssh/config

Exit codes:
${exitCodeLines(['ok', 'usage', 'system'])}
`

/** Defines `postern access ssh-gen`. */
export function defineAccessSshGen(exitWith: ExitWith): Command {
  const command = new Command('ssh-gen')
    .summary('get a short-lived SSH certificate for an application')
    .description(
      'Get a certificate for your own SSH key, made for this, that the sshd of an application takes for some minutes; nothing is asked while the one that is there holds. Key and certificate are in ~/.postern, for you alone.',
    )
    .requiredOption('--hostname <host>', 'the application')
  return withSignIn(command)
    .option('-q, --quiet', 'say nothing when all went well')
    .option('--json', 'print as JSON what the certificate says and where it is')
    .addHelpText('after', genExamples)
    .action(async (options: SshGenOptions) => {
      const { runSshGen } = await import('./ssh-gen-run.ts')
      exitWith(await runSshGen(options))
    })
}

/** Defines `postern access ssh-config`. */
export function defineAccessSshConfig(exitWith: ExitWith): Command {
  const command = new Command('ssh-config')
    .summary('the lines for ~/.ssh/config by which ssh reaches an application')
    .description(
      'Print the lines for ~/.ssh/config by which ssh, scp, rsync, git and editors reach an application. The options by which its gateway is reached are written into them. Nothing is asked and nothing is written.',
    )
    .requiredOption('--hostname <host>', 'the application')
    .option('--short-lived-cert', 'with a certificate of the gateway, by "postern access ssh-gen"')
    .option('--user <name>', 'your account on the machine, as "User"')
  return withSignIn(command)
    .addHelpText('after', configExamples)
    .action(async (options: SshConfigFlags) => {
      const { printApplicationSshConfig } = await import('./ssh-gen-run.ts')
      exitWith(await printApplicationSshConfig(options))
    })
}
