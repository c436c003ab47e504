/**
 * Characters that look like a letter of the ASCII alphabet, by that letter, as hexadecimal code points. Made from `confusables.txt` of
 * Unicode's UTS #39, version 17.0.0 (© 1991–2025 Unicode, Inc., Unicode License v3, https://www.unicode.org/license.txt): those whose
 * prototype is such a letter once marks are dropped, small forms of capitals that have one, and look-alikes such as small capitals.
 * What NFKC or dropping marks leads to a letter is not in it.
 */
const shapes: Record<string, string> = {
  a: '19b 250 251 3b1 430 15c4 15c5 1d00 20b3 2376 237a a4ee a4ef a7db ab7a 102a0 104db 16f40 1d217',
  ae: 'e6 4d5',
  b: `180 183 185 253 299 3b2 431 432 463 48d e3f 13f8 13fc 1472 1473 15af 15f7 20bf 2c83 a4d0 a7b5 a7d7 ab9f
    10282 102a1 10301 16ed1 44c`,
  c: `a2 23c 254 37b 3c2 3db 441 4ab 1004 105a 1d04 1d10 20a1 20b5 2184 2c8b 2ca5 a4da a4db ab3f abaf 102a2
    10302 1043d 1044b 1051c 118e9 118f2 1f16e 1f74c`,
  d: 'f0 111 18c 256 257 501 146f 15de 15ea 1d05 20ab a4d2 a4d3 ab70 abb7',
  e: `1dd 247 259 25b 3b5 3f5 435 454 4bd 4bf 4d9 511 1d07 2108 212e 22ff 2d39 2d3a a4f0 a4f1 ab32 ab7c ab9b
    10286 10429 118c6 118ce 16f2d 1d221`,
  f: '192 25f 3dd 584 15b4 1d6e 1e9d 20bd 2cc1 2ce8 a4dd a730 a799 ab35 101a0 10287 102a5 10525 118c2 1d213',
  g: '18d 1e5 260 261 262 50d 581 13fb 1d83 20b2 a4d6 ab90',
  h: '127 265 266 29c 43d 45b 4a3 4bb 4c8 4ca 570 13fa 157c 2c68 2c8f a4e7 a695 ab8b ab92 102cf 104f5',
  i: '131 268 269 26a 3b9 456 582 1d7b 1d7c 2373 2378 2c93 a647 ab75 118c3',
  j: '249 29d 3f3 458 148d 1d0a a4d9 ab7b',
  k: '138 199 29e 3ba 43a 49b 49f 16d5 1d0b 20ad 2c6a 2c95 a4d7 a741 abb6 10518',
  l: `142 19a 1c0 26b 26d 29f 4cf 5d5 5df 627 661 673 6f1 7ca 14aa 16c1 2cd1 2d4f a4e1 a4f2 abae 1028a 10309
    10320 10443 10526 118d2 11dda 11de1 16ec5 16f16 16f28 1d22a 1e8c7`,
  m: '26f 271 28d 3fb 43c 4ce 15f0 16d6 1d0d 1d6f 20a5 2c99 a4df ab87 102b0 10311 11700 118e3',
  n: `14b 19e 272 273 274 377 3b7 48b 4c6 572 578 57c 1260 144e 1d28 1d2b 1d70 20a6 2c9b 2ca1 a4e0 a4f5 a6a1
    a6db 1018e 1044d 10513 16ec1 1d20b 1d245`,
  o: `f8 275 3bf 3c3 3ed 43e 473 4e9 585 5e1 647 665 6be 6c1 6d5 6f5 6ff 7c0 966 9e6 a66 ae6 b20 b66 be6 c66
    ce6 d20 d66 e50 ed0 1010 101d 1040 10d7 10ff 12d0 17e0 1d0f 1d11 236c 2c91 2c9f 2d31 2d41 2d54 a4f3 a74b
    ab3d ab3e ab74 ab8e abbb 10292 102ab 1042c 104ea 10516 114d0 118c8 118d5 118d7 118e0 11de0 1d21a 1f714`,
  oe: '153 276',
  p: 'fe 1a5 1bf 3c1 3f8 440 146d 1d18 1d29 1d7d 20b1 2374 2ca3 2ccf a4d1 abb2 10295 104ec',
  q: '2a0 51b 563 566 2d55',
  r: '24d 279 27c 27d 280 281 433 493 1587 1d26 1d72 2c85 a4e3 ab47 ab48 ab71 ab81 aba2 104dc 16f35 1d216',
  s: '1bd 282 455 57f d1f 1d74 20b4 a4e2 a731 aba5 abaa 10296 10448 118c1 16f3a',
  t: `167 1ad 287 288 3c4 442 4ad 1d1b 1d75 20ae 22a4 2361 27d9 2c66 2ca7 a4d4 ab72 10297 102b1 10315 16f0a
    1f768`,
  u: 'b5 289 28b 3bc 3c5 45f 57d 1200 144c 1d1c 1d7e a4f4 a79f ab4e ab52 ab9c 104f6 118d8 16f42',
  v: `28c 3bd 475 5d8 667 668 6f7 6f8 142f 1431 1d20 1d27 2c97 2d37 2d38 a4e5 a4e6 a6ce a6df aba9 10197 1028d
    104d8 1051d 11706 118c0 16f08 16f3d 1d20d 1f708`,
  w: `3c9 461 471 47d 51d 561 15ef 162f 1635 16d8 1d21 20a9 2375 2379 2caf 2cb1 2cbd a4ea a64d a761 a7b7 ab83
    ab97 aba4 102b5 102b6 104f9 114c5 1170a 1170e 1170f 118e6 118ef 1d222`,
  x: `3c7 445 4b3 1541 157d 166d 16b7 2573 292b 292c 2a2f 2a30 2cad 2d5d a4eb ab53 ab55 10196 10290 102b4
    10317 10322 10527 118ec`,
  y: `a5 1b4 24f 263 28e 28f 3b3 3e5 443 4af 4b1 aaa aeb 10e7 14a5 1d8c 1eff 2ca9 a4ec ab5a ab79 ab8d 102b2
    118dc 16f07 16f43`,
  z: '1b6 225 290 3b6 1d22 1d76 a4dc ab93 102f5 118c4 118c9 118e5',
}

/** The ASCII letters that a code point looks like. */
export const confusables: ReadonlyMap<number, string> = new Map(
  Object.entries(shapes).flatMap(([letters, points]) =>
    points.split(/\s+/).map((point): [number, string] => [Number.parseInt(point, 16), letters]),
  ),
)
