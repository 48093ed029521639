/** `openssl passwd -6 -salt test secret` */
export const secretHash =
  '$6$test$rnT8UnIvMBn2IANap7HYxzu05AnQ/tmpfwbcyXA5eBDlKtxl9.Xw8kHphC9msuU1o8K.L1PdgsHMSD/KLddaP1';
