import { Modal, type ModalProps } from '@mantine/core'
import type { ReactNode } from 'react'

/** A window over the page. To lock the page behind it puts a style there, which its security policy does not allow. */
export function Dialog(props: Omit<ModalProps, 'lockScroll'>): ReactNode {
  return (
    <Modal
      centered
      closeButtonProps={{ 'aria-label': 'Close' }}
      transitionProps={{ duration: 0 }}
      {...props}
      lockScroll={false}
    />
  )
}
