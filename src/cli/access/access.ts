import { Command } from 'commander'
import type { ExitWith } from '../process/exit-codes.ts'
import { defineAccessCurl } from './curl.ts'
import { defineAccessLogin, defineAccessToken } from './login.ts'
import { defineAccessSshConfig, defineAccessSshGen } from './ssh-gen.ts'
import { defineAccessTcp } from './tcp.ts'

const description = `Reach an application by its host name: what the owner of a service has given a name, a policy and a way to, on a gateway. The options are those of cloudflared's "access".`

const examples = `
Examples:
  # a local port for an application
  postern access tcp --hostname tcp.site.com --url localhost:9210

  # on a gateway that is not at the application's own host, such as one that is tried out
  postern access tcp --hostname tcp.site.com --gateway https://gw.site.com:8443

  # SSH in one line, or by lines of ~/.ssh/config
  ssh -o ProxyCommand='postern access ssh --hostname %h' ssh.site.com
  postern access ssh-config --hostname ssh.site.com

  # an API, with curl
  postern access curl https://api.site.com/status
`

/** Defines `postern access` and its subcommands. */
export function defineAccess(exitWith: ExitWith): Command {
  const access = new Command('access')
    .description(description)
    .enablePositionalOptions()
    .helpCommand(false)
    .addHelpText('after', examples)
  return defineAccessTcp(access, exitWith)
    .addCommand(defineAccessLogin(exitWith))
    .addCommand(defineAccessToken(exitWith))
    .addCommand(defineAccessCurl(exitWith))
    .addCommand(defineAccessSshConfig(exitWith))
    .addCommand(defineAccessSshGen(exitWith))
}
