# Graphical lasso along a path of penalties: `Rscript glasso.R INPUT OUTPUT SIZE COUNT MOST_EDGES`.
# INPUT holds a covariance matrix and the penalties, largest first, in f64; OUTPUT gets one
# precision matrix each, up to the first with more than MOST_EDGES edges.
library(glasso)
arguments <- commandArgs(trailingOnly = TRUE)
size <- as.integer(arguments[3])
count <- as.integer(arguments[4])
if (size == 0) {
  cat(as.character(packageVersion("glasso")))
  quit()
}
input <- file(arguments[1], "rb")
covariance <- matrix(readBin(input, "double", size * size), size, size)
penalties <- readBin(input, "double", count)
close(input)
output <- file(arguments[2], "wb")
start <- NULL
for (penalty in penalties) {
  fit <- if (is.null(start)) {
    glasso(covariance, penalty, thr = 1e-5, penalize.diagonal = FALSE)
  } else {
    glasso(covariance, penalty, thr = 1e-5, penalize.diagonal = FALSE, start = "warm", w.init = start$w, wi.init = start$wi)
  }
  start <- fit
  # Both halves must agree that an edge is there; their values differ by the tolerance.
  both <- fit$wi != 0 & t(fit$wi) != 0
  if (sum(both[upper.tri(both)]) > as.integer(arguments[5])) break
  writeBin(as.vector((fit$wi + t(fit$wi)) / 2 * both), output)
}
close(output)
