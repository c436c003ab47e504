import { DomainError } from '../../platform/errors.ts'

/** Why an image is not taken: what it is, how big it is, or that it is no image at all. */
export type ImageFault = 'TYPE' | 'MALFORMED' | 'BYTES' | 'SIDE' | 'PIXELS' | 'FRAMES' | 'RATIO'

const messages: Record<ImageFault, string> = {
  TYPE: 'Images are JPEG, PNG, WebP, GIF or AVIF.',
  MALFORMED: 'This image is damaged.',
  BYTES: 'An image has at most 10 MiB.',
  SIDE: 'An image is at most 16,384 pixels wide and high.',
  PIXELS: 'An image has at most 40 million pixels, all its frames together.',
  FRAMES: 'An image has at most 300 frames.',
  RATIO: 'This image is far bigger than what it holds.',
}

/** The image is not taken, now or later. */
export class ImageRefusedError extends DomainError {
  readonly fault: ImageFault

  constructor(fault: ImageFault) {
    super('BAD_USER_INPUT', messages[fault], { fault })
    this.fault = fault
  }
}

export const malformed = () => new ImageRefusedError('MALFORMED')
