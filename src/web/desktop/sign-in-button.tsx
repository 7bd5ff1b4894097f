import { Button, Loader, Text, VisuallyHidden } from '@mantine/core'
import type { ReactNode } from 'react'
import { useRowTabIndex } from '../ui/list/row-controls.tsx'
import { useSignIn } from './sign-in.ts'
import { words } from './words.ts'

const { signIn: said } = words

export interface SignInButtonProps {
  readonly gateway: string
  /** The id of a connection that needs it; any of the gateway's where it is left out. */
  readonly connection?: string
  /** Whether somebody is signed in whose session is to be renewed. */
  readonly isRenewal?: boolean
  readonly variant?: string
}

/** Signs in at a gateway, where somebody misses it; its page opens in a tab of its own. */
export function SignInButton(props: SignInButtonProps): ReactNode {
  const { gateway, connection, isRenewal = false, variant = 'filled' } = props
  const { begin, isBusy, page } = useSignIn(gateway, connection, isRenewal)
  const tabIndex = useRowTabIndex()
  return (
    <span className="sign-in">
      <Button
        size="compact-sm"
        variant={variant}
        tabIndex={tabIndex}
        aria-disabled={isBusy}
        leftSection={isBusy && <Loader size={12} color="currentColor" aria-hidden />}
        onClick={() => {
          if (!isBusy) begin()
        }}
      >
        {isRenewal ? said.renew : said.action}
        <VisuallyHidden>&nbsp;{said.of(gateway)}</VisuallyHidden>
      </Button>
      {page !== undefined && (
        <Text size="sm" component="span" role={page.isOpened ? 'status' : 'alert'}>
          {page.isOpened ? said.waiting : said.blocked}{' '}
          <a href={page.url} target="_blank" rel="noopener noreferrer">
            {said.open}
          </a>
        </Text>
      )}
    </span>
  )
}
