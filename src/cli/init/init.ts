import { Argument, Command, Option } from 'commander'
import { exitCodeLines, type ExitWith } from '../process/exit-codes.ts'
import { certificateKinds } from './answers.ts'
import type { InitOptions } from './init-run.ts'

const description = `Make the configuration of a new gateway: a few questions, or the same as options, give a commented file that passes "postern gateway check". Certificates are fetched from Let's Encrypt for a name on the Internet, or made here to try things out; the provider's secret goes to a file of its own. Nothing that is there is written over.`

const examples = `
Examples:
  # asks, and writes postern.yaml here
  postern gateway init

  # without a provider: people whom you invite sign in with passkeys
  postern gateway init --host access.example.com --email ann@example.com --service db=10.0.0.5:5432

  # to try it on this machine, with a company's Google accounts
  postern gateway init --host localhost --email ann@example.com \\
    --provider google --client-id 123.apps.googleusercontent.com --client-secret-file secret.txt

  # for a server, without a question
  postern gateway init /etc/postern/postern.yaml --host access.example.com --email ann@example.com \\
    --provider okta --provider-url https://example.okta.com --client-id 0oa1 \\
    --client-secret-file /etc/postern/okta-secret --service db=10.0.0.5:5432

Exit codes:
${exitCodeLines(['ok', 'internal', 'usage', 'system'])}
`

/** Defines `postern gateway init`. */
export function defineInit(exitWith: ExitWith): Command {
  return new Command('init')
    .description(description)
    .addArgument(new Argument('[file]', 'the configuration to write').default('postern.yaml'))
    .option('--host <host>', 'the host name by which people reach the gateway')
    .option('--email <email>', 'your email address: you administer the gateway with it')
    .addOption(
      new Option(
        '--certificates <how>',
        "fetched from Let's Encrypt, of an authority made here, or yours (default: by the host)",
      ).choices(certificateKinds),
    )
    .option('--autocert-ca <url>', "ACME directory of another authority than Let's Encrypt")
    .option('--autocert-trusted-ca-file <file>', 'by what its own certificate is known (PEM)')
    .option('--certificate-file <file>', 'certificate chain (PEM), for "files"')
    .option('--certificate-key-file <file>', 'its key (PEM), for "files"')
    .option('--listen <address>', 'where it listens (default: :443; 127.0.0.1:8443 for localhost)')
    .option(
      '--provider <name>',
      'who says who people are: google, azure, okta, oidc, …; passkeys: the gateway itself (default)',
    )
    .option('--provider-url <url>', 'its address, where it is not the same for everybody')
    .option('--client-id <id>', 'client id that the provider gave the gateway')
    .option('--client-secret-file <file>', 'file with the client secret')
    .option('--service <name=host:port>', 'a first service to reach, such as db=10.0.0.5:5432')
    .option(
      '--allow <who>',
      'who may use it: a domain or an email address (default: by your address)',
    )
    .option('--force', 'write over files that are there')
    .addHelpText('after', examples)
    .action(async (file: string, options: InitOptions) => {
      const { runInit } = await import('./init-run.ts')
      exitWith(await runInit(file, options))
    })
}
