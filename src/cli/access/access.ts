import { Command } from 'commander'
import type { ExitWith } from '../process/exit-codes.ts'
import { defineAccessCurl } from './curl.ts'
import { defineAccessLogin, defineAccessToken } from './login.ts'
import { defineAccessSshConfig, defineAccessSshGen } from './ssh-gen.ts'
import { defineAccessTcp } from './tcp.ts'

const description = `Reach an application by its host name: what the owner of a service has given a name, a policy and a way to, on a gateway. The options are those of cloudflared's "access".`

/** Defines `postern access` and its subcommands. */
export function defineAccess(exitWith: ExitWith): Command {
  const access = new Command('access').description(description).enablePositionalOptions()
  return defineAccessTcp(access, exitWith)
    .addCommand(defineAccessLogin(exitWith))
    .addCommand(defineAccessToken(exitWith))
    .addCommand(defineAccessCurl(exitWith))
    .addCommand(defineAccessSshConfig(exitWith))
    .addCommand(defineAccessSshGen(exitWith))
}
