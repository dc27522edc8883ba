# The lasso along glmnet's own path: `Rscript glmnet.R INPUT SAMPLES FEATURES MOST_FEATURES`.
# INPUT holds the design by columns and the response, in f64; written are the CPU seconds, then a line
# for each penalty with the numbers of its features, from 0.
library(glmnet)
arguments <- commandArgs(trailingOnly = TRUE)
samples <- as.integer(arguments[2])
features <- as.integer(arguments[3])
if (samples == 0) {
  cat(as.character(packageVersion("glmnet")))
  quit()
}
input <- file(arguments[1], "rb")
X <- matrix(readBin(input, "double", samples * features), samples, features)
y <- readBin(input, "double", samples)
close(input)
path <- function() {
  glmnet(X, y, standardize = FALSE, intercept = FALSE, dfmax = as.integer(arguments[4]))
}
# The first call loads code.
fit <- path()
begin <- proc.time()
fit <- path()
spent <- proc.time() - begin
cat(spent[["user.self"]] + spent[["sys.self"]], "\n")
for (k in seq_along(fit$lambda)) cat(which(fit$beta[, k] != 0) - 1, "\n")
